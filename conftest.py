pytest_plugins = ("fixtures.plugin", "reports.plugin")
