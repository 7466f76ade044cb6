package dev.tidemark.wal.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What callers pass in: what is refused before anything happens, and when two are the same. */
class ValuesTest {

    // ---------------------------------------------------------------- requests

    @Test
    void requestThatMeansNothing_isRefusedWhereItIsMade() {
        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> AppendRequest.of(List.<WalRecord>of()));
        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> AppendRequest.opaque(new byte[1], 0));
        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> AppendRequest.opaque(ByteBuffer.allocate(1), -1));
        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> AppendRequest.opaque(Unpooled.EMPTY_BUFFER, 0));
        assertInvalid(
                ErrorCode.ARGUMENT_INVALID, () -> AppendRequest.of(new byte[1]).withExpectedOffset(-1));
    }

    @Test
    void checksumOfABatchThatTheLogEncodes_isRefused() {
        AppendRequest batch = AppendRequest.of(List.of(WalRecord.of(new byte[1])));

        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> batch.withChecksum(7));
        assertThat(AppendRequest.opaque(new byte[1], 2).withChecksum(7).checksum())
                .isEqualTo(7);
    }

    @Test
    void readOptionsThatCannotBe_areRefused() {
        assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> ReadOptions.DEFAULT.withVisibility(Durability.ACCEPTED));
        for (int bytes : new int[] {0, (4 << 10) - 1, (16 << 20) + 1}) {
            assertInvalid(ErrorCode.ARGUMENT_INVALID, () -> ReadOptions.DEFAULT.withReadAheadBytes(bytes));
        }
        assertThat(ReadOptions.DEFAULT.withReadAheadBytes(4 << 10).readAheadBytes())
                .isEqualTo(4 << 10);
        assertThat(ReadOptions.DEFAULT.withReadAheadBytes(16 << 20).readAheadBytes())
                .isEqualTo(16 << 20);
    }

    // ---------------------------------------------------------------- names

    @Test
    void partitionName_isReadOnlyInTheFormInWhichItIsPrinted() {
        assertThat(PartitionId.parse("a-b-7")).isEqualTo(new PartitionId("a-b", 7));
        for (String wrong : List.of(
                "orders",
                "-1",
                "orders-",
                "orders-01",
                "orders-+1",
                "orders-x",
                "orders-99999999999",
                ".-0",
                "a b-0")) {
            assertInvalid(ErrorCode.NAME_INVALID, () -> PartitionId.parse(wrong));
        }
        assertInvalid(ErrorCode.NAME_INVALID, () -> new PartitionId("orders", -1));
    }

    @Test
    void nameFromOutside_isShownBoundedAndWithoutControlCharacters() {
        String text = "\u001b[2J" + "x".repeat(300);

        assertThatThrownBy(() -> PartitionId.parse(text))
                .hasMessageContaining("'?[2J")
                .hasMessageContaining("(304 characters)")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(250));
    }

    // ---------------------------------------------------------------- records

    @Test
    void records_areTheSameWhenAllTheirPartsAre() {
        WalRecord record = whole();

        assertThat(record).isEqualTo(whole()).hasSameHashCodeAs(whole()).isNotEqualTo("something else");
        List<WalRecord> others = List.of(
                WalRecord.of(bytes(2)).withHeaders(headers()).withTimestamp(9),
                WalRecord.of(bytes(7), bytes(2)).withHeaders(headers()).withTimestamp(9),
                WalRecord.of(bytes(1), bytes(7)).withHeaders(headers()).withTimestamp(9),
                WalRecord.of(bytes(1), bytes(2)).withTimestamp(9),
                WalRecord.of(bytes(1), bytes(2))
                        .withHeaders(List.of(Header.of("h", bytes(4))))
                        .withTimestamp(9),
                WalRecord.of(bytes(1), bytes(2)).withHeaders(headers()),
                WalRecord.of(bytes(1), bytes(2)).withHeaders(headers()).withTimestamp(0));
        assertThat(others).doesNotContain(record).doesNotHaveDuplicates();
    }

    @Test
    void headers_areTheSameWhenNameAndValueAre() {
        Header header = Header.of("h", bytes(3));

        assertThat(header)
                .isEqualTo(Header.of("h", bytes(3)))
                .hasSameHashCodeAs(Header.of("h", bytes(3)))
                .isNotEqualTo(Header.of("i", bytes(3)))
                .isNotEqualTo(Header.of("h", bytes(4)))
                .isNotEqualTo("h");
    }

    /** Values may be secret, and large: a log that prints a record shows neither. */
    @Test
    void printedRecord_tellsSizesAndNoContents() {
        assertThat(whole()).hasToString("WalRecord[key=1 bytes, value=1 bytes, headers=[h[1]]]");
        assertThat(WalRecord.of(new byte[5])).hasToString("WalRecord[key=none, value=5 bytes, headers=[]]");
    }

    private static WalRecord whole() {
        return WalRecord.of(bytes(1), bytes(2)).withHeaders(headers()).withTimestamp(9);
    }

    private static List<Header> headers() {
        return List.of(Header.of("h", bytes(3)));
    }

    private static byte[] bytes(int value) {
        return new byte[] {(byte) value};
    }

    private static void assertInvalid(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        InvalidCallException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
