"""Who may do what: staff, API keys and the permissions on orders, all in Django's own ORM.

`callers` says who makes a request, `keys` finds the caller that a key stands for; `authentication` and `permissions`
are the two doors that Django REST framework asks. Nothing here knows what an order is.
"""
