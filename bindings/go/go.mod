module tidewire

go 1.24
