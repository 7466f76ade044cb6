package dev.tidemark.wal.partition;

import java.io.IOException;

/** A store without RESERVE: it tries, and remembers whether it was told that the disk is full. */
final class PlainRoom implements DiskRoom {

    private volatile boolean isFull;

    @Override
    public boolean mayGrow() {
        return !isFull;
    }

    @Override
    public void full(IOException cause) {
        isFull = true;
    }

    @Override
    public <T> T withReserve(IoAction<T> action) throws IOException {
        return action.run();
    }
}
