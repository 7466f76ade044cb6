package dev.tidemark.crashtest;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Changes files: bits, bytes, sectors, and where they end. It looks for places that hold something: many logs keep more zeros than records.
 *
 * <p><b>Threads.</b> One.
 */
final class Injurer {
    private static final int BLOCK_BYTES = 512;
    private static final int MOST_BLOCKS = 1 << 20;
    private static final int MOST_OVERWRITTEN = 64;

    /** A place in a file, relative to the log's directory. */
    private record Block(Path file, long at, int bytes) {}

    private final List<Block> blocks;
    private final int files;
    private final Random random;

    private Injurer(List<Block> blocks, int files, Random random) {
        this.blocks = blocks;
        this.files = files;
        this.random = random;
    }

    /** For copies of this directory. */
    static Injurer of(Path directory, Random random) throws IOException, AdapterFailureException {
        List<Block> blocks = new ArrayList<>();
        List<Path> files = Tree.files(directory);
        for (Path file : files) {
            collect(directory, file, blocks);
        }
        if (blocks.isEmpty()) {
            throw new AdapterFailureException("the log has written nothing into its directory: " + directory);
        }
        return new Injurer(blocks, files.size(), random);
    }

    private static void collect(Path directory, Path file, List<Block> blocks) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
            long at = 0;
            int read = channel.read(block, at);
            while (read > 0 && blocks.size() < MOST_BLOCKS) {
                if (holdsSomething(block.flip())) {
                    blocks.add(new Block(directory.relativize(file), at, read));
                }
                at += read;
                read = channel.read(block.clear(), at);
            }
        }
    }

    private static boolean holdsSomething(ByteBuffer block) {
        while (block.hasRemaining()) {
            if (block.get() != 0) {
                return true;
            }
        }
        return false;
    }

    /** How many files there are. */
    int files() {
        return files;
    }

    /** Changes something in a copy, and says what. */
    String injure(Path copy) throws IOException {
        Block block = blocks.get(random.nextInt(blocks.size()));
        long at = block.at() + random.nextInt(block.bytes());
        try (RandomAccessFile file =
                new RandomAccessFile(copy.resolve(block.file()).toFile(), "rw")) {
            return switch (random.nextInt(4)) {
                case 0 -> flip(file, at) + " of " + block.file();
                case 1 -> overwrite(file, at) + " of " + block.file();
                case 2 -> {
                    file.seek(block.at());
                    file.write(new byte[block.bytes()]);
                    yield block.bytes() + " zeros at " + block.at() + " of " + block.file();
                }
                default -> {
                    file.setLength(at);
                    yield "a cut at " + at + " of " + block.file();
                }
            };
        }
    }

    private String flip(RandomAccessFile file, long at) throws IOException {
        int bit = random.nextInt(Byte.SIZE);
        file.seek(at);
        int old = file.read();
        file.seek(at);
        file.write(old ^ (1 << bit));
        return "bit " + bit + " at " + at;
    }

    private String overwrite(RandomAccessFile file, long at) throws IOException {
        byte[] bytes = new byte[(int) Math.min(1 + random.nextInt(MOST_OVERWRITTEN), file.length() - at)];
        random.nextBytes(bytes);
        file.seek(at);
        file.write(bytes);
        return bytes.length + " bytes at " + at;
    }
}
