package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A change of segment that a full disk stopped half way, and what comes after. */
class HalfRotationTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    @Test
    void closedHalfWay_theNextOpeningFinishesAndFindsNoDamage() {
        for (String file : new String[] {"PARTITION.tmp", ".seg"}) {
            SimulatedDisk disk = new SimulatedDisk().withDirectories(Path.of("/data"));
            Environment environment = Environment.real().withDisk(disk);
            WalConfig config = WalConfig.builder(Path.of("/data/store"))
                    .segmentBytes(16 << 10)
                    .prefill(false)
                    .build();
            try (Engine engine = Engine.open(config, environment)) {
                LocalPartition orders = engine.partition(ORDERS);
                orders.append(new byte[] {1});
                disk.inject(Fault.full(
                        CallMatch.on(Operation.Kind.WRITE).named(file).andAllLater()));
                assertThatThrownBy(orders::rotate).isInstanceOf(WalException.class);
            } catch (WalException closedUnclean) {
                assertThat(closedUnclean).hasMessageContaining("the next opening recovers");
            }
            disk.removeFaults();
            try (Engine engine = Engine.open(config, environment)) {
                assertThat(engine.recovery().refused()).isEmpty();
                LocalPartition orders = engine.partition(ORDERS);
                assertThat(orders.append(new byte[] {2})).isEqualTo(1);
                try (Cursor cursor = orders.read(From.start())) {
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).containsExactly(1);
                    assertThat(cursor.next()).isTrue();
                    assertThat(cursor.value()).containsExactly(2);
                }
            }
        }
    }
}
