package dev.tidemark.stress;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;

/** Does a little of what children do, so that the classes they need are loaded once where {@link ClassArchive} can see them. Argument: a directory for a store. */
final class Rehearsal {
    private static final int SEED = 1;
    private static final int APPENDS = 40;

    private Rehearsal() {}

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        for (int opening = 0; opening < 2; opening++) {
            try (Wal wal = Wal.open(KillChild.config(directory))) {
                for (int number = 0; number < APPENDS; number++) {
                    KillPayload payload = new KillPayload(SEED, KillPayload.id(opening, 0, number));
                    LocalPartition partition = KillChild.partition(wal, payload.partition(KillChild.PARTITIONS));
                    partition
                            .appendAsync(payload.request())
                            .toCompletableFuture()
                            .join();
                }
                KillListing.of(wal, SEED).writeTo(new DataOutputStream(OutputStream.nullOutputStream()));
            }
        }
    }
}
