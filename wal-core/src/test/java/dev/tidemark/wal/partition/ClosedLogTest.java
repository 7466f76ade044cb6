package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.segment.Segment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosedLogTest {

    @TempDir
    private Path directory;

    @Test
    void segmentsOfAClosedLog_areLetGoOf() {
        List<Segment> segments;
        Cursor cursor;
        try (Wal wal =
                Wal.open(WalConfig.builder(directory).segmentBytes(16 << 10).build())) {
            LogPartition partition = (LogPartition) wal.partition("orders", 0);
            for (int i = 0; i < 10; i++) {
                partition.append(new byte[3_000]);
            }
            segments = partition.segments().asList();
            assertThat(segments)
                    .hasSizeGreaterThan(1)
                    .allMatch(segment -> segment.index().size() > 0);
            cursor = partition.read(From.start());
            assertThat(cursor.next()).isTrue();
        }

        assertThat(segments.get(0).tryRetain()).as("a cursor still holds it").isTrue();
        segments.get(0).release();
        assertThatThrownBy(cursor::next)
                .isInstanceOfSatisfying(
                        WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PARTITION_CLOSED));
        cursor.close();
        assertThat(segments)
                .noneMatch(Segment::tryRetain)
                .allMatch(segment -> segment.index().size() == 0);
    }
}
