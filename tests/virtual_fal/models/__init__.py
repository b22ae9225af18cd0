"""What do the files of a result contain? Real models and pictures of real sizes, and every kind of broken one."""
