pytest_plugins = ("reports.plugin", "fixtures.plugin")
