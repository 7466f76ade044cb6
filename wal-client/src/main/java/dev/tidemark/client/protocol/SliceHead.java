package dev.tidemark.client.protocol;

import dev.tidemark.wal.api.Ends;
import java.util.Objects;

/**
 * What a receiver has to know of frames that come as they lie in the segment file, to check and to place them.
 *
 * @param ends the partition's start and ends when they were read
 * @param firstOffset of the first record in the frames; at or below what was asked for, which may lie inside a batch
 * @param nextOffset the offset after the last record in the frames: what to ask for next
 * @param salt seeds the header checksums of the segment
 * @param filePosition where the first frame begins in the segment file, which also seeds them
 */
public record SliceHead(Ends ends, long firstOffset, long nextOffset, int salt, long filePosition) {

    public SliceHead {
        Objects.requireNonNull(ends, "ends");
    }
}
