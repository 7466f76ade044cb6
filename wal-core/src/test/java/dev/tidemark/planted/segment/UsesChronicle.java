package dev.tidemark.planted.segment;

import net.openhft.chronicle.bytes.Bytes;

final class UsesChronicle {
    long length(Bytes<?> bytes) {
        return bytes.readRemaining();
    }
}
