"""`python -m dialplan` is `dialplan`."""

from dialplan.cli.main import main

main()
