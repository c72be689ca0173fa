"""`python -m fingertip_contact`: the command `fingertip-contact`, where scripts are not on the PATH."""

from fingertip_contact.cli.main import main

if __name__ == "__main__":
    main()
