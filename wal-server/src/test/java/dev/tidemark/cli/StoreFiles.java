package dev.tidemark.cli;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** The files of a store, handled behind its back. */
final class StoreFiles {

    private StoreFiles() {}

    /** Copies a store as it is, in use or not: what a crash at this moment would leave. */
    static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> found = Files.walk(from)) {
            for (Path path : found.toList()) {
                if (!path.getFileName().toString().equals("LOCK")) {
                    Files.copy(path, to.resolve(from.relativize(path).toString()));
                }
            }
        }
    }

    /** The segments of a partition, oldest first. */
    static List<Path> segments(Path store, String partition) throws IOException {
        try (Stream<Path> found = Files.list(store.resolve(partition))) {
            return found.filter(path -> path.toString().endsWith(".seg"))
                    .sorted()
                    .toList();
        }
    }

    /** Flips one bit. */
    static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(position);
            int b = open.read();
            open.seek(position);
            open.write(b ^ 1);
        }
    }

    /** Cuts the file to this size. */
    static void truncate(Path file, long bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(bytes);
        }
    }

    /** Gives a metadata file the next version, with a checksum that fits: as a newer release would write it. */
    static void makeNewer(Path metadata) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(metadata)).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(12, file.getInt(12) + 1);
        CRC32C crc = new CRC32C();
        crc.update(file.array(), 0, file.capacity() - Integer.BYTES);
        file.putInt(file.capacity() - Integer.BYTES, (int) crc.getValue());
        Files.write(metadata, file.array());
    }

    /** Every file with its bytes, to see that nothing was changed. */
    static Map<String, Integer> fingerprint(Path store) throws IOException {
        Map<String, Integer> all = new HashMap<>();
        try (Stream<Path> found = Files.walk(store)) {
            for (Path path : found.filter(Files::isRegularFile).toList()) {
                all.put(
                        store.relativize(path) + " " + Files.getLastModifiedTime(path),
                        Arrays.hashCode(Files.readAllBytes(path)));
            }
        }
        return all;
    }
}
