package dev.tidemark.planted.io;

import java.nio.MappedByteBuffer;

final class MapsAFile {
    MappedByteBuffer force(MappedByteBuffer mapped) {
        return mapped.force();
    }
}
