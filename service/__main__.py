"""``python -m service``: the tipdesk command, for processes that the service starts itself."""

from service.cli import main

if __name__ == "__main__":
    main()
