package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The process whose system calls are looked at: one thread that waits for each append and says so, with a write of its own that
 * the trace has in it.
 *
 * <p>Arguments: directory, durability, segment bytes, appends.
 */
final class TracedChild {
    private static final int PAYLOAD_BYTES = 1_000;

    private TracedChild() {}

    /** What the payload of an append begins with; printable, so that it can be found in a trace. */
    static String mark(int number) {
        return String.format("<append-%06d>", number);
    }

    /** What is written once an append was acknowledged. */
    static String acknowledgement(int number) {
        return String.format("<acknowledged-%06d>", number);
    }

    /** Appends, closes, ends. */
    public static void main(String[] arguments) throws IOException {
        WalConfig config = WalConfig.builder(Path.of(arguments[0]))
                .defaultDurability(Durability.valueOf(arguments[1]))
                .segmentBytes(Long.parseLong(arguments[2]))
                .reserveBytes(64 << 10)
                .build();
        int appends = Integer.parseInt(arguments[3]);
        try (Wal wal = Wal.open(config);
                FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
            LocalPartition partition = wal.partition("orders", 0);
            for (int number = 0; number < appends; number++) {
                byte[] payload = new byte[PAYLOAD_BYTES];
                Arrays.fill(payload, (byte) '.');
                byte[] mark = mark(number).getBytes(StandardCharsets.US_ASCII);
                System.arraycopy(mark, 0, payload, 0, mark.length);
                partition.append(payload);
                out.write(acknowledgement(number).getBytes(StandardCharsets.US_ASCII));
            }
        }
    }
}
