"""What travels: messages, the codec, names of all Redis keys and MPI tags. Pure: opens nothing."""
