"""`python -m fingertip_contact`: the command `fingertip-contact`, where scripts are not on the PATH."""

from fingertip_contact.start import run_command

if __name__ == "__main__":
    run_command()
