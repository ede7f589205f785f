cc sample.c $(pkg-config --cflags --libs tidewire) -o sample
