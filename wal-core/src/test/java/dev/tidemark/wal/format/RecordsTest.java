package dev.tidemark.wal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.WalRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Payloads of {@code RECORDS}: encoder and reader. */
class RecordsTest {

    @Test
    void records_comeBackAsTheyWereWritten() {
        for (long seed = 1; seed <= 1000; seed++) {
            Random random = new Random(seed);
            List<WalRecord> records = random(random);
            ByteBuffer buffer =
                    random.nextBoolean() ? ByteBuffer.allocateDirect(1 << 16) : ByteBuffer.allocate(1 << 16);
            int at = random.nextInt(100);

            int end = RecordsEncoder.encode(records, buffer, at);

            assertThat((long) end - at).as("seed %d", seed).isEqualTo(RecordsEncoder.encodedBytes(records));
            assertThat(read(buffer, at, end - at, records.size()))
                    .as("seed %d", seed)
                    .isEqualTo(records);
            assertThat(RecordsReader.problemOf(buffer, at, end - at, records.size()))
                    .isEmpty();
            assertThat(buffer.position()).isZero();
        }
    }

    @Test
    void layout_isTheOneInTheFormatPage() {
        List<WalRecord> records = List.of(
                WalRecord.of(bytes("k"), bytes("v1"))
                        .withTimestamp(100)
                        .withHeaders(List.of(Header.of("h", bytes("x")))),
                WalRecord.of(bytes("")),
                WalRecord.of(bytes("w")).withTimestamp(99));
        assertThat(encode(records))
                .containsExactly(
                        7, 0xc8, 1, 1, 'k', 2, 'v', '1', 1, 1, 'h', 1, 'x', //
                        0, 0, //
                        2, 1, 1, 'w');
    }

    @Test
    void timestampsOfAnyDistance_comeBack() {
        List<WalRecord> records = new ArrayList<>();
        for (long timestamp : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, 0, -1, 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            records.add(WalRecord.of(new byte[0]).withTimestamp(timestamp));
            records.add(WalRecord.of(new byte[0]));
        }
        byte[] payload = encode(records);
        assertThat(read(ByteBuffer.wrap(payload), 0, payload.length, records.size()))
                .isEqualTo(records);
    }

    @Test
    void numberOfRecords_mustBeExactlyWhatThePayloadHolds() {
        List<WalRecord> records = random(new Random(5));
        byte[] payload = encode(records);
        ByteBuffer buffer = ByteBuffer.wrap(payload);
        for (int count :
                new int[] {Integer.MIN_VALUE, -1, 0, records.size() - 1, records.size() + 1, Integer.MAX_VALUE}) {
            assertThat(RecordsReader.problemOf(buffer, 0, payload.length, count))
                    .as("count %d", count)
                    .isPresent();
        }
    }

    @Test
    void payloadCutOffAnywhere_isMalformed() {
        List<WalRecord> records = random(new Random(8));
        byte[] payload = encode(records);
        for (int length = 0; length < payload.length; length++) {
            // What lies behind is there, so that a read beyond the end would find it and be believed.
            assertThat(RecordsReader.problemOf(ByteBuffer.wrap(payload), 0, length, records.size()))
                    .as("length %d", length)
                    .isPresent();
        }
    }

    @Test
    void changedBytes_areMalformedOrRecordsThatWriteThem() {
        int good = 0;
        for (long seed = 1; seed <= 50_000; seed++) {
            Random random = new Random(seed);
            List<WalRecord> records = random(random);
            byte[] changed = FormatBytes.mutated(encode(records), 0, random);
            ByteBuffer buffer = ByteBuffer.wrap(Arrays.copyOf(changed, changed.length + 64));
            if (RecordsReader.problemOf(buffer, 0, changed.length, records.size())
                    .isEmpty()) {
                good++;
                List<WalRecord> read = read(buffer, 0, changed.length, records.size());
                assertThat(encode(read)).as("seed %d", seed).isEqualTo(changed);
            }
        }
        assertThat(good).isPositive();
    }

    @Test
    void garbage_isMalformedAndNeverThrows() {
        for (long seed = 1; seed <= 50_000; seed++) {
            Random random = new Random(seed);
            byte[] garbage = new byte[random.nextInt(60)];
            random.nextBytes(garbage);
            if (random.nextBoolean() && garbage.length > 0) {
                garbage[0] &= 7;
            }
            RecordsReader reader = new RecordsReader();
            reader.open(ByteBuffer.wrap(garbage), 0, garbage.length, 1 + random.nextInt(3));
            while (reader.next()) {
                assertThat(reader.record()).as("seed %d", seed).isNotNull();
            }
        }
    }

    @Test
    void malformedSpellings_areNamed() {
        assertThat(problem(1, 8, 0)).contains("record has unknown flags");
        assertThat(problem(1, 0, 0x80, 0)).contains("length is no number, or goes beyond the payload");
        assertThat(problem(1, 0, 1)).contains("length is no number, or goes beyond the payload");
        assertThat(problem(1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1))
                .contains("length is no number, or goes beyond the payload");
        assertThat(problem(1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0))
                .contains("time is no number");
        assertThat(problem(1, 4, 0, 0)).contains("number of headers does not fit the payload");
        assertThat(problem(1, 4, 0, 0x7f, 0, 0)).contains("number of headers does not fit the payload");
        assertThat(problem(1, 4, 0, 1, 2, 0xc3, 0x28, 0)).contains("name of a header is not UTF-8");
        assertThat(problem(1, 0, 0, 0)).contains("bytes are left behind the last record");
        assertThat(problem(2, 0, 1, 0, 0)).isNotEmpty();
    }

    @Test
    void headerNameThatCannotBeWritten_isRefused() {
        List<WalRecord> records =
                List.of(WalRecord.of(new byte[0]).withHeaders(List.of(Header.of("\ud800", new byte[0]))));
        assertThatThrownBy(() -> RecordsEncoder.encodedBytes(records)).isInstanceOf(IllegalArgumentException.class);
    }

    static List<WalRecord> random(Random random) {
        List<WalRecord> records = new ArrayList<>();
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            byte[] value = randomBytes(random, random.nextInt(5) == 0 ? 300 : 20);
            WalRecord record =
                    random.nextBoolean() ? WalRecord.of(value) : WalRecord.of(randomBytes(random, 20), value);
            if (random.nextBoolean()) {
                record = record.withTimestamp(random.nextLong() >> random.nextInt(64));
            }
            List<Header> headers = new ArrayList<>();
            for (int h = random.nextInt(4); h > 0; h--) {
                headers.add(Header.of(
                        random.nextBoolean() ? "h" + h : "\u00e9\u4e2d\ud83d\ude00", randomBytes(random, 10)));
            }
            records.add(record.withHeaders(headers));
        }
        return records;
    }

    private static List<WalRecord> read(ByteBuffer buffer, int at, int length, int count) {
        RecordsReader reader = new RecordsReader();
        reader.open(buffer, at, length, count);
        List<WalRecord> records = new ArrayList<>();
        while (reader.next()) {
            records.add(reader.record());
        }
        assertThat(reader.problem()).isEmpty();
        return records;
    }

    private static byte[] encode(List<WalRecord> records) {
        ByteBuffer buffer = ByteBuffer.allocate((int) RecordsEncoder.encodedBytes(records));
        assertThat(RecordsEncoder.encode(records, buffer, 0)).isEqualTo(buffer.capacity());
        return buffer.array();
    }

    private static java.util.Optional<String> problem(int count, int... payload) {
        ByteBuffer buffer = ByteBuffer.allocate(payload.length);
        for (int i = 0; i < payload.length; i++) {
            buffer.put(i, (byte) payload[i]);
        }
        return RecordsReader.problemOf(buffer, 0, payload.length, count);
    }

    private static byte[] randomBytes(Random random, int max) {
        byte[] bytes = new byte[random.nextInt(max)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
