package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.RecordsEncoder;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which appends travel together, and what is sent of them. */
class AppendQueueTest {
    private static final UnpooledByteBufAllocator MEMORY = UnpooledByteBufAllocator.DEFAULT;
    private static final long NEVER = Long.MAX_VALUE / 2;

    private boolean isTold;
    private AppendQueue queue = new AppendQueue(MEMORY, 64 << 10, 100, 0);

    private PendingAppend add(AppendRequest request) {
        PendingAppend append = PendingAppend.awaited(request.count(), NEVER);
        isTold |= queue.add(request, (int) AppendQueue.bytesOf(request), append, 1, 0);
        return append;
    }

    /** Whether the I/O thread was told since this was asked last. */
    private boolean wasTold() {
        boolean wasTold = isTold;
        isTold = false;
        return wasTold;
    }

    private AppendBatch sealed() {
        AppendBatch batch = queue.take(0, 1, Optional.empty());
        assertThat(batch).isNotNull();
        assertThat(batch.seal(MEMORY)).isTrue();
        return batch;
    }

    private static byte[] bytes(AppendBatch batch) {
        byte[] bytes = new byte[batch.payload().readableBytes()];
        batch.payload().getBytes(batch.payload().readerIndex(), bytes);
        batch.release();
        return bytes;
    }

    private static byte[] encoded(List<WalRecord> records) {
        ByteBuffer buffer = ByteBuffer.allocate((int) RecordsEncoder.encodedBytes(records));
        RecordsEncoder.encode(records, buffer, 0);
        return buffer.array();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void loneValue_isSentAsItIs() {
        add(AppendRequest.of(text("alone")));
        AppendBatch batch = sealed();
        assertThat(batch.shape()).isEqualTo(Shape.VALUE);
        assertThat(bytes(batch)).isEqualTo(text("alone"));
    }

    @Test
    void valuesAndBatchesThatWaitTogether_areOneBatch_asTheLogWouldEncodeIt() {
        byte[] longer = new byte[300];
        WalRecord record = WalRecord.of(text("key"), text("b")).withHeaders(List.of(Header.of("h", text("1"))));
        add(AppendRequest.of(text("a")));
        PendingAppend batchOfTwo = add(AppendRequest.of(List.of(record, WalRecord.of(text("c")))));
        PendingAppend last = add(AppendRequest.of(ByteBuffer.wrap(longer)));
        AppendBatch batch = sealed();
        assertThat(batch.shape()).isEqualTo(Shape.RECORDS);
        assertThat(batch.count()).isEqualTo(4);
        assertThat(batchOfTwo.indexInBatch).isEqualTo(1);
        assertThat(last.indexInBatch).isEqualTo(3);
        assertThat(bytes(batch))
                .isEqualTo(encoded(
                        List.of(WalRecord.of(text("a")), record, WalRecord.of(text("c")), WalRecord.of(longer))));
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void whatCannotShare_goesAlone_andKeepsItsPlace() {
        ProducerIdentity producer = new ProducerIdentity(1, 0);
        List<AppendRequest> alone = List.of(
                AppendRequest.of(text("x")).withExpectedOffset(5),
                AppendRequest.of(text("x")).withChecksum(1),
                AppendRequest.of(text("x")).withProducer(producer, 0),
                AppendRequest.opaque(text("x"), 3),
                AppendRequest.of(new byte[AppendQueue.MAX_GATHERED_BYTES + 1]),
                AppendRequest.of(List.of(WalRecord.of(text("x")).withTimestamp(7))));
        for (AppendRequest request : alone) {
            add(AppendRequest.of(text("before")));
            add(request);
            add(AppendRequest.of(text("after")));
            assertThat(bytes(sealed())).isEqualTo(text("before"));
            AppendBatch own = sealed();
            assertThat(own.members()).hasSize(1);
            assertThat(own.count()).isEqualTo(request.count());
            own.release();
            assertThat(bytes(sealed())).isEqualTo(text("after"));
        }
    }

    @Test
    void otherDurability_isAnotherBatch() {
        add(AppendRequest.of(text("a")));
        add(AppendRequest.of(text("b")).withDurability(Durability.WRITTEN));
        add(AppendRequest.of(text("c")).withDurability(Durability.SYNCED));
        for (String expected : List.of("", "WRITTEN", "SYNCED")) {
            AppendBatch batch = sealed();
            assertThat(batch.durability().map(Durability::name).orElse("")).isEqualTo(expected);
            batch.release();
        }
    }

    @Test
    void fullBatch_isFollowedByAnother() {
        queue = new AppendQueue(MEMORY, 4 << 10, 3, 0);
        for (int i = 0; i < 4; i++) {
            add(AppendRequest.of(text("v")));
        }
        add(AppendRequest.of(new byte[4_000]));
        add(AppendRequest.of(new byte[200]));
        for (int expected : new int[] {3, 2, 1}) {
            AppendBatch batch = sealed();
            assertThat(batch.count()).isEqualTo(expected);
            batch.release();
        }
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void linger_waitsForCompany_butNotForAFullBatch() {
        queue = new AppendQueue(MEMORY, 4 << 10, 2, 1_000);
        add(AppendRequest.of(text("a")));
        assertThat(queue.take(999, 1, Optional.empty())).isNull();
        assertThat(queue.lingerNanos(400)).isEqualTo(600);
        AppendBatch alone = queue.take(1_000, 1, Optional.empty());
        assertThat(alone).isNotNull();
        alone.release();
        add(AppendRequest.of(text("b")));
        add(AppendRequest.of(text("c")));
        AppendBatch full = queue.take(0, 1, Optional.empty());
        assertThat(full).isNotNull();
        full.release();
        assertThat(queue.lingerNanos(0)).isEqualTo(-1);
    }

    @Test
    void ioThread_isToldOnce_ofWhatItWaitsFor() {
        add(AppendRequest.of(text("a")));
        assertThat(wasTold()).as("the first append").isTrue();
        add(AppendRequest.of(text("b")));
        assertThat(wasTold()).as("it was told, and has not come yet").isFalse();
        queue.beginTaking();
        assertThat(queue.take(0, 4, Optional.empty()))
                .as("fewer records than it waits for")
                .isNull();
        add(AppendRequest.of(text("c")));
        assertThat(wasTold()).as("still fewer").isFalse();
        add(AppendRequest.of(text("d")));
        assertThat(wasTold()).as("as many as it waits for").isTrue();
        queue.beginTaking();
        AppendBatch batch = queue.take(0, 4, Optional.empty());
        assertThat(batch).isNotNull();
        batch.release();
    }

    @Test
    void ioThread_isToldOfABatchThatIsComplete_orLarge_orOfAnotherDurability_howeverFewRecordsItHas() {
        queue = new AppendQueue(MEMORY, 64 << 10, 3, 0);
        List<List<AppendRequest>> cases = List.of(
                List.of(AppendRequest.of(new byte[64 << 10])),
                List.of(AppendRequest.opaque(text("alone"), 1)),
                List.of(AppendRequest.of(text("1")), AppendRequest.of(text("2")), AppendRequest.of(text("3"))),
                List.of(AppendRequest.of(text("1")).withDurability(Durability.WRITTEN)));
        for (List<AppendRequest> requests : cases) {
            queue.beginTaking();
            assertThat(queue.take(0, 1_000, Optional.empty())).isNull();
            wasTold();
            requests.forEach(this::add);
            assertThat(wasTold()).as("told of %s", requests).isTrue();
            AppendBatch batch = queue.take(0, 1_000, Optional.empty());
            assertThat(batch).as("taken: %s", requests).isNotNull();
            batch.release();
        }
    }

    @Test
    void ioThreadThatCanSendNothing_isToldNothing_andFindsEverything() {
        queue.beginTaking();
        queue.tellNothing();
        for (int i = 0; i < 200; i++) {
            add(AppendRequest.of(new byte[1_000]));
        }
        assertThat(wasTold()).isFalse();
        int found = 0;
        AppendBatch batch;
        while ((batch = queue.take(0, 1, Optional.empty())) != null) {
            found += batch.count();
            batch.release();
        }
        assertThat(found).isEqualTo(200);
        add(AppendRequest.of(text("next")));
        assertThat(wasTold()).as("once it has asked again").isTrue();
        sealed().release();
    }
}
