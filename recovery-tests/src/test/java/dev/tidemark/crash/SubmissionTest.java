package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Header;
import dev.tidemark.wal.api.WalRecord;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which appends the oracle can tell apart, and which nobody could. */
class SubmissionTest {

    private static Submission of(AppendRequest request) {
        return new Submission(request, 1);
    }

    private static WalRecord record(String value) {
        return WalRecord.of(value.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void appendsWithTheSameBytes_areNotToldApart() {
        assertThat(of(AppendRequest.of(new byte[] {1, 2})).hasSameBytes(of(AppendRequest.of(new byte[] {1, 2}))))
                .isTrue();
        assertThat(of(AppendRequest.of(List.of(record("a"), record("b"))))
                        .hasSameBytes(of(AppendRequest.of(List.of(record("a"), record("b"))))))
                .isTrue();
    }

    @Test
    void appendsThatDifferInAnything_are() {
        Submission value = of(AppendRequest.of(new byte[] {1, 2}));
        assertThat(value.hasSameBytes(of(AppendRequest.of(new byte[] {1, 3})))).isFalse();
        assertThat(value.hasSameBytes(of(AppendRequest.opaque(new byte[] {1, 2}, 1))))
                .isFalse();
        assertThat(of(AppendRequest.opaque(new byte[] {1}, 1))
                        .hasSameBytes(of(AppendRequest.opaque(new byte[] {1}, 2))))
                .isFalse();
        Submission records = of(AppendRequest.of(List.of(record("a"), record("b"))));
        assertThat(records.hasSameBytes(of(AppendRequest.of(List.of(record("a"), record("c"))))))
                .isFalse();
        assertThat(records.hasSameBytes(
                        of(AppendRequest.of(List.of(record("a"), record("b").withTimestamp(5))))))
                .isFalse();
        assertThat(records.hasSameBytes(of(AppendRequest.of(List.of(
                        record("a"), record("b").withHeaders(List.of(Header.of("h", new byte[1]))))))))
                .isFalse();
    }
}
