package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.Slices;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.RecordsEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server needs of the log: batches that a client has encoded, and slices of what is only written. */
class EncodedRecordsTest {
    @TempDir
    private Path directory;

    private Wal wal;
    private LocalPartition partition;

    @BeforeEach
    void open() {
        wal = Wal.open(WalConfig.builder(directory).build());
        partition = wal.partition("orders", 0);
    }

    @AfterEach
    void close() {
        wal.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 20_000, 100_000})
    void batchThatAClientEncoded_isReadAsItsRecords(int valueBytes) {
        List<WalRecord> records = records(valueBytes);
        for (boolean isDirect : new boolean[] {false, true}) {
            ByteBuf payload = encoded(records, isDirect);
            long first = partition.append(AppendRequest.encodedRecords(payload, records.size(), crcOf(payload)));
            assertThat(payload.refCnt()).isEqualTo(1);
            payload.release();
            assertThat(read(first, records.size())).isEqualTo(records);
        }
    }

    @Test
    void checksumOfTheClient_reachesTheReaders() {
        ByteBuf payload = encoded(records(50), true);
        long first = partition.append(AppendRequest.encodedRecords(payload, 3, crcOf(payload)));
        try (Slices slices = partition.slices(first, 1 << 20)) {
            ByteBuffer frame = ByteBuffer.allocate(slices.bytes());
            assertThat(slices.read(frame, 0)).isEqualTo(slices.bytes());
            assertThat(FrameCodec.payloadCrc(frame, 0)).isEqualTo(crcOf(payload));
            assertThat(FrameCodec.count(frame, 0)).isEqualTo(3);
        }
        payload.release();
    }

    @Test
    void payloadThatIsNotSoManyRecords_isRefusedThoughItsChecksumHolds() {
        ByteBuf good = encoded(records(50), false);
        int crc = crcOf(good);
        for (int count : new int[] {1, 2, 4, Integer.MAX_VALUE}) {
            assertRefused(AppendRequest.encodedRecords(good, count, crc), ErrorCode.ARGUMENT_INVALID);
        }
        ByteBuf shorter = good.slice(0, good.readableBytes() - 1);
        assertRefused(AppendRequest.encodedRecords(shorter, 3, crcOf(shorter)), ErrorCode.ARGUMENT_INVALID);
        assertRefused(AppendRequest.encodedRecords(Unpooled.EMPTY_BUFFER, 1, 0), ErrorCode.ARGUMENT_INVALID);
        assertRefused(AppendRequest.encodedRecords(good, 3, crc + 1), ErrorCode.CHECKSUM_MISMATCH);
        assertThat(partition.ends().logEnd()).isZero();
        good.release();
        assertRefused(AppendRequest.encodedRecords(good, 3, crc), ErrorCode.ARGUMENT_INVALID);
    }

    @Test
    void bytesOfAnyKind_areRefusedOrCanBeRead() {
        long seed = System.nanoTime();
        System.out.println("encoded records of any kind: seed=" + seed);
        Random random = new Random(seed);
        long expected = 0;
        for (int i = 0; i < 3_000; i++) {
            ByteBuf payload = encoded(records(random.nextInt(40)), random.nextBoolean());
            for (int changes = random.nextInt(3); changes > 0; changes--) {
                payload.setByte(random.nextInt(payload.readableBytes()), random.nextInt());
            }
            int count = random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 3;
            try {
                long first = partition
                        .enqueue(AppendRequest.encodedRecords(payload, count, crcOf(payload))
                                .withDurability(Durability.WRITTEN))
                        .offset();
                assertThat(first).as("seed %d", seed).isEqualTo(expected);
                expected += count;
            } catch (WalException e) {
                assertThat(e.code()).as("seed %d", seed).isEqualTo(ErrorCode.ARGUMENT_INVALID);
            } finally {
                payload.release();
            }
        }
        assertThat(partition.sync()).isEqualTo(expected);
        assertThat(read(0, (int) expected)).as("seed %d", seed).hasSize((int) expected);
    }

    @Test
    void whatIsWritten_isInSlicesOfThoseWhoAskForIt() throws Exception {
        CompletableFuture<Long> written = partition.whenReadable(0, Durability.WRITTEN);
        CompletableFuture<Long> durable = partition.whenReadable(0);
        partition.append(new byte[10], Durability.WRITTEN);

        assertThat(written.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        try (Slices slices = partition.slices(0, 1 << 20, Durability.WRITTEN)) {
            assertThat(slices.endOffset()).isEqualTo(1);
            assertThat(slices.read(ByteBuffer.allocate(1 << 10), 0)).isEqualTo(slices.bytes());
        }
        assertThatThrownBy(() -> partition.slices(0, 1, Durability.ACCEPTED))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ARGUMENT_INVALID));

        assertThat(partition.sync()).isEqualTo(1);
        assertThat(durable.get(60, TimeUnit.SECONDS)).isEqualTo(1);
    }

    @Test
    void storeAndPartition_keepTheirIdsWhenTheyAreOpenedAgain() {
        var id = wal.storeId();
        long incarnation = partition.incarnation();
        wal.close();
        try (Wal again = Wal.open(directory)) {
            assertThat(again.storeId()).isEqualTo(id);
            assertThat(again.partition("orders", 0).incarnation()).isEqualTo(incarnation);
            again.deletePartition("orders", 0);
            assertThat(again.partition("orders", 0).incarnation()).isNotEqualTo(incarnation);
        }
    }

    private void assertRefused(AppendRequest request, ErrorCode code) {
        assertThatThrownBy(() -> partition.append(request))
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private List<WalRecord> read(long from, int count) {
        List<WalRecord> read = new ArrayList<>();
        try (Cursor cursor = partition.read(From.offset(from))) {
            while (read.size() < count && cursor.next()) {
                WalRecord record = cursor.key()
                        .map(key -> WalRecord.of(key, cursor.value()))
                        .orElseGet(() -> WalRecord.of(cursor.value()));
                read.add(cursor.headers().isEmpty() ? record : record.withHeaders(cursor.headers()));
            }
        }
        return read;
    }

    private static List<WalRecord> records(int valueBytes) {
        byte[] value = new byte[valueBytes];
        new Random(valueBytes).nextBytes(value);
        return List.of(
                WalRecord.of(text("key"), value).withHeaders(List.of(Header.of("trace", text("t9")))),
                WalRecord.of(value),
                WalRecord.of(text("k"), new byte[0]));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuf encoded(List<WalRecord> records, boolean isDirect) {
        int bytes = (int) RecordsEncoder.encodedBytes(records);
        ByteBuf payload = isDirect ? PooledByteBufAllocator.DEFAULT.directBuffer(bytes) : Unpooled.buffer(bytes);
        RecordsEncoder.encode(records, payload.nioBuffer(0, bytes), 0);
        return payload.writerIndex(bytes);
    }

    private static int crcOf(ByteBuf payload) {
        CRC32C crc = new CRC32C();
        crc.update(payload.nioBuffer());
        return (int) crc.getValue();
    }
}
