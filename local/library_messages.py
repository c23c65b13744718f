"""Texts of libraries that our pages show and that the libraries do not translate into German.

Unfold has no catalogues at all, and Django's German one has gaps. Django looks up every text in `locale/` of this
project first, so a translation there is enough. `make messages` collects the texts from this module, and would drop
them otherwise. tests/i18n/test_german_pages.py finds a text that is missing here.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

UNFOLD = (
    gettext_noop("After you've created a user, you\u2019ll be able to edit more user options."),
    gettext_noop("Dark"),
    gettext_noop("Date"),
    gettext_noop("False"),
    # The spaces are those of the template.
    ngettext_lazy(
        "\n                Found %(counter)s result in %(time)s seconds\n            ",
        "\n                Found %(counter)s results in %(time)s seconds\n            ",
        "counter",
    ),
    gettext_noop("Go back"),
    gettext_noop("Light"),
    gettext_noop("Loading more results..."),
    gettext_noop("No results found"),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user\u2019s password, but you can change the "
        'password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    gettext_noop("Reset filters"),
    gettext_noop("Return to site"),
    gettext_noop("Run"),
    gettext_noop("Search apps and models..."),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("System"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("True"),
    gettext_noop("Type to search"),
    gettext_noop("Welcome back to"),
    gettext_noop("You have been successfully logged out from the administration"),
)

DJANGO = (
    gettext_noop("Disabled"),
    gettext_noop("Enabled"),
    gettext_noop("Password-based authentication"),
    gettext_noop(
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still be able to "
        "authenticate using other backends, such as Single Sign-On or LDAP."
    ),
)

AXES = (gettext_noop("access attempt expiration"), gettext_noop("Clean up expired attempts"))

# Its German catalogue addresses the reader with “du”, and hides Django's own translation.
REST_FRAMEWORK = (gettext_noop("Enter a valid email address."),)
