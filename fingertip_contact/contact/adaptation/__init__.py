"""What is estimated online: contact heights and foreshortening."""
