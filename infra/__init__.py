"""What only operators and developers run: never packaged with a function."""
