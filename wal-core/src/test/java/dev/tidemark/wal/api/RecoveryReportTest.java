package dev.tidemark.wal.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecoveryReportTest {

    @Test
    void json_hasEverythingThatWasFound() {
        PartitionRecovery cut = new PartitionRecovery(
                "orders-0",
                List.of(RecoveryCase.R6, RecoveryCase.R2),
                3,
                7,
                4096,
                Optional.of(
                        new PartitionRecovery.Undecided("orders-0/a.seg", 4200, 96, 7, 9, "orders-0/a.seg.4200.cut")),
                Optional.empty(),
                55);
        DamageException damage = new DamageException(
                ErrorCode.SEGMENT_CORRUPT,
                "frame fails its checksum: file=orders-1/a.seg",
                new Damage("orders-1", "orders-1/a.seg", 4096, 0, 2),
                null);
        PartitionRecovery refused = new PartitionRecovery(
                "orders-1", List.of(RecoveryCase.R3), 0, 0, 0, Optional.empty(), Optional.of(damage), 5);

        assertThat(new RecoveryReport(false, List.of(cut, refused), List.of("one", "two"), 100).toJson())
                .isEqualTo("{\"wasClean\":false,\"nanos\":100,\"notes\":[\"one\",\"two\"],\"partitions\":["
                        + "{\"partition\":\"orders-0\",\"cases\":[\"R6\",\"R2\"],\"start\":3,\"end\":7,"
                        + "\"scannedBytes\":4096,\"nanos\":55,\"undecided\":{\"file\":\"orders-0/a.seg\","
                        + "\"filePosition\":4200,\"bytes\":96,\"firstOffset\":7,\"endOffset\":9,"
                        + "\"keptIn\":\"orders-0/a.seg.4200.cut\"}},"
                        + "{\"partition\":\"orders-1\",\"cases\":[\"R3\"],\"start\":0,\"end\":0,\"scannedBytes\":0,"
                        + "\"nanos\":5,\"failure\":{\"code\":\"SEGMENT_CORRUPT\",\"remedy\":\""
                        + damage.remedy().name()
                        + "\",\"message\":\"" + damage.getMessage() + "\",\"damage\":"
                        + "{\"file\":\"orders-1/a.seg\",\"filePosition\":4096,\"firstOffset\":0,\"endOffset\":2}}}]}");
    }

    @Test
    void json_escapesWhatAFileSystemMaySay() {
        String note = "a \"name\" with \\ and\nlines,\ttabs and \u0001";

        assertThat(new RecoveryReport(true, List.of(), List.of(note), 0).toJson())
                .contains("\"a \\\"name\\\" with \\\\ and\\nlines,\\u0009tabs and \\u0001\"");
    }
}
