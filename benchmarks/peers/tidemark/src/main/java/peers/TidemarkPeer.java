package peers;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;

/**
 * Tidemark as it is: the defaults, but for what a knob says. A producer that waits for each append uses the call that waits
 * ({@code append}), one that pipelines uses {@code enqueue} and its stage, as a user would.
 */
public final class TidemarkPeer implements peers.Wal {
    private Wal wal;
    private LocalPartition[] partitions;
    private dev.tidemark.wal.api.Durability durability;
    private boolean waits;

    @Override
    public void open(Path dir, int count, Durability wanted, Knobs knobs) {
        durability = wanted == Durability.DURABLE
                ? dev.tidemark.wal.api.Durability.SYNCED
                : dev.tidemark.wal.api.Durability.WRITTEN;
        waits = knobs.window() == 1;
        wal = Wal.open(WalConfig.builder(dir)
                .defaultDurability(durability)
                .segmentBytes(knobs.num("segment", 256 << 20))
                .maxRoundBytes((int) knobs.num("round", 1 << 20))
                .flusherThreads((int) knobs.num("flushers", 4))
                .prefill(knobs.flag("prefill", true))
                .maxUnforcedBytes(knobs.num("unforced", 4 << 20))
                .build());
        partitions = new LocalPartition[count];
        for (int i = 0; i < count; i++) partitions[i] = wal.partition("p", i);
    }

    @Override
    public void append(int partition, byte[] payload, Ack ack) {
        LocalPartition to = partitions[partition];
        if (waits) {
            to.append(payload);
            ack.done(null);
            return;
        }
        Appended appended = to.enqueue(payload);
        (durability == dev.tidemark.wal.api.Durability.SYNCED ? appended.durable() : appended.written())
                .whenComplete((offset, failure) -> ack.done(failure));
    }

    @Override
    public void flush() {
        for (LocalPartition p : partitions) p.sync();
    }

    @Override
    public long scan(Visitor visitor) {
        long records = 0;
        for (int i = 0; i < partitions.length; i++) {
            try (Cursor cursor = partitions[i].read(From.start())) {
                while (cursor.next()) {
                    visitor.record(i, cursor.buffer());
                    records++;
                }
            }
        }
        return records;
    }

    @Override
    public void close() {
        wal.close();
    }

    @Override
    public String describe() {
        return "tidemark, " + (waits ? "append" : "enqueue");
    }
}
