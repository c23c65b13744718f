from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from django.utils.crypto import get_random_string

from accounts import keys
from accounts.callers import ApiKeyCaller
from accounts.keys import KeyExpiredError, KeyInvalidError, KeyRevokedError, caller_for
from accounts.models import Access, ApiKey

AT = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def unknown_key() -> str:
    return f"{get_random_string(8)}.{get_random_string(32)}"


def with_another_secret(key: str) -> str:
    return f"{key[:9]}{get_random_string(32)}"


def test_a_key_authenticates_its_caller(make_key):
    row, key = make_key(name="shop", access=Access.READ_ONLY)
    assert caller_for(key, at=AT) == ApiKeyCaller(prefix=row.prefix, name="shop", access="read-only")


def test_a_key_is_read_only_by_default(db):
    _, key = ApiKey.objects.create_key(name="script")
    assert caller_for(key, at=AT).access == "read-only"


def test_the_first_request_makes_one_query_and_the_next_none(make_key, django_assert_num_queries):
    _, key = make_key()
    with django_assert_num_queries(1):
        first = caller_for(key, at=AT)
    with django_assert_num_queries(0):
        assert caller_for(key, at=AT + keys.CACHED_FOR - timedelta(microseconds=1)) is first
    with django_assert_num_queries(1):
        assert caller_for(key, at=AT + keys.CACHED_FOR) == first


def test_a_key_is_cached_for_less_than_a_minute():
    assert timedelta(0) < keys.CACHED_FOR < MINUTE


def test_a_clock_that_is_set_back_does_not_keep_a_cached_key_for_longer(make_key, django_assert_num_queries):
    _, key = make_key()
    caller_for(key, at=AT)
    with django_assert_num_queries(1):
        caller_for(key, at=AT - MINUTE)


def test_a_revoked_key_is_refused_within_a_minute(make_key):
    row, key = make_key()
    caller_for(key, at=AT)
    row.revoked = True
    row.save()
    with pytest.raises(KeyRevokedError) as refusal:
        caller_for(key, at=AT + MINUTE)
    assert refusal.value.code == "api_key_revoked"


def test_a_deleted_key_is_refused_within_a_minute(make_key):
    row, key = make_key()
    caller_for(key, at=AT)
    row.delete()
    with pytest.raises(KeyInvalidError):
        caller_for(key, at=AT + MINUTE)


def test_a_key_that_is_made_read_only_cannot_write_after_a_minute(make_key):
    row, key = make_key(access=Access.READ_WRITE)
    assert caller_for(key, at=AT).has_perm("accounts.add_order")
    ApiKey.objects.filter(pk=row.pk).update(access=Access.READ_ONLY)
    assert not caller_for(key, at=AT + MINUTE).has_perm("accounts.add_order")


def test_a_cached_key_expires_exactly_at_its_expiry_date(make_key, django_assert_num_queries):
    _, key = make_key(expiry_date=AT + timedelta(seconds=1))
    caller_for(key, at=AT)
    with django_assert_num_queries(0):
        caller_for(key, at=AT + timedelta(microseconds=999_999))
        with pytest.raises(KeyExpiredError, match="expired at 2026-11-22T10:15:31Z") as refusal:
            caller_for(key, at=AT + timedelta(seconds=1))
    assert refusal.value.code == "api_key_expired"


def test_an_earlier_expiry_date_takes_effect_within_a_minute(make_key):
    row, key = make_key()
    caller_for(key, at=AT)
    ApiKey.objects.filter(pk=row.pk).update(expiry_date=AT)
    with pytest.raises(KeyExpiredError):
        caller_for(key, at=AT + MINUTE)


@pytest.mark.parametrize("fields", [{"revoked": True}, {"expiry_date": AT - MINUTE}, {}])
def test_a_wrong_secret_does_not_reveal_the_status_of_the_key(make_key, fields):
    _, key = make_key(**fields)
    with pytest.raises(KeyInvalidError) as refusal:
        caller_for(with_another_secret(key), at=AT)
    assert refusal.value.code == "invalid_api_key"


def test_a_wrong_secret_for_a_cached_key_is_refused_without_a_query(make_key, django_assert_num_queries):
    _, key = make_key()
    caller_for(key, at=AT)
    with django_assert_num_queries(0):
        with pytest.raises(KeyInvalidError):
            caller_for(with_another_secret(key), at=AT)
        caller_for(key, at=AT)


def test_an_unknown_key_is_refused_with_one_query(db, django_assert_num_queries):
    key = unknown_key()
    with django_assert_num_queries(1):
        for _ in range(3):
            with pytest.raises(KeyInvalidError):
                caller_for(key, at=AT)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "nonsense",
        f"{'a' * 8}.{'b' * 31}",
        f"{'a' * 8}.{'b' * 33}",
        f"{'a' * 8}.{'b' * 32}\n",
        f"{'a' * 8}.{'b' * 31}\0",
        f"{'a' * 8}.{'b' * 31}é",
        "a" * 100_000,
    ],
)
def test_a_malformed_key_is_refused_without_a_query(db, django_assert_num_queries, key):
    with django_assert_num_queries(0), pytest.raises(KeyInvalidError) as refusal:
        caller_for(key, at=AT)
    assert refusal.value.code == "invalid_api_key"


def test_many_random_keys_do_not_fill_the_memory(make_key):
    _, key = make_key()
    for _ in range(keys.MAX_CACHED + 10):
        with pytest.raises(KeyInvalidError):
            caller_for(unknown_key(), at=AT)
    assert len(keys._cache) == keys.MAX_CACHED
    assert caller_for(key, at=AT).name == "shop"


def test_many_threads_can_fill_the_cache_at_once():
    unknown = keys.CachedKey(row=None, caller=None, read_at=AT)
    raised = []

    def remember_many():
        try:
            for _ in range(3_000):
                keys._remember(get_random_string(8), unknown)
        except (RuntimeError, KeyError) as error:
            raised.append(error)

    threads = [Thread(target=remember_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    assert len(keys._cache) == keys.MAX_CACHED


def test_neither_the_key_nor_its_secret_is_cached(make_key):
    _, key = make_key()
    caller_for(key, at=AT)
    cached = repr([(prefix, reading, vars(reading.row or object)) for prefix, reading in keys._cache.items()])
    assert key[:8] in cached
    assert key[9:] not in cached


def test_neither_the_key_nor_its_secret_is_in_any_row_of_any_table(make_key):
    _, key = make_key()
    caller_for(key, at=AT)
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the database's own names
            rows += cursor.fetchall()
    assert key[:8] in repr(rows)
    assert key[9:] not in repr(rows)
