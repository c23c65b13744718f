"""Who may do what: staff, API keys and the permissions on orders, all in Django's own ORM.

`callers` defines the callers of requests, and `keys` finds the caller for an API key. Django REST framework uses
`authentication`, `permissions` and `throttling`. Nothing in this package depends on orders.
"""
