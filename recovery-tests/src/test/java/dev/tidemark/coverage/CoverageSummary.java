package dev.tidemark.coverage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Says in a few lines how much of {@code wal-core} its own tests and those of this module reach; those of the other modules are not
 * measured. It runs by itself, when all others have and the
 * report is written: in the phase {@code verify}, with the property {@code tidemark.coverage} as the report's path.
 */
class CoverageSummary {
    private static final int LEAST_REACHED = 5;
    private static final int LINES_WORTH_NAMING = 5;

    /** One class, as the report has it. */
    private record Row(String name, int branchesMissed, int branches, int linesMissed, int lines) {
        static Row parse(String line) {
            String[] columns = line.split(",");
            int branchesMissed = Integer.parseInt(columns[5]);
            int linesMissed = Integer.parseInt(columns[7]);
            return new Row(
                    columns[1] + "." + columns[2],
                    branchesMissed,
                    branchesMissed + Integer.parseInt(columns[6]),
                    linesMissed,
                    linesMissed + Integer.parseInt(columns[8]));
        }
    }

    @Test
    void linesAndBranchesOfTheEngine_areReached() throws IOException {
        Path report = Path.of(System.getProperty("tidemark.coverage", "target/site/jacoco-aggregate/jacoco.csv"));
        if (!Files.exists(report)) {
            System.out.println("skipped: coverage was not measured, there is no " + report);
            Assumptions.abort("coverage was not measured");
        }
        List<Row> rows = new ArrayList<>();
        for (String line : Files.readAllLines(report)) {
            if (line.contains("dev.tidemark.wal") && !line.contains("dev.tidemark.wal.client")) {
                rows.add(Row.parse(line));
            }
        }
        int lines = rows.stream().mapToInt(Row::lines).sum();
        int linesMissed = rows.stream().mapToInt(Row::linesMissed).sum();
        int branches = rows.stream().mapToInt(Row::branches).sum();
        int branchesMissed = rows.stream().mapToInt(Row::branchesMissed).sum();
        System.out.printf(
                "coverage of wal-core: %.1f %% of %,d lines, %.1f %% of %,d branches, %d classes; %s%n",
                100 - 100.0 * linesMissed / lines,
                lines,
                100 - 100.0 * branchesMissed / branches,
                branches,
                rows.size(),
                report.resolveSibling("index.html"));
        rows.stream()
                .filter(row -> row.linesMissed >= LINES_WORTH_NAMING)
                .sorted(Comparator.comparingInt(Row::linesMissed).reversed())
                .limit(LEAST_REACHED)
                .forEach(row -> System.out.printf(
                        "  not reached: %d of %d lines, %d of %d branches of %s%n",
                        row.linesMissed, row.lines, row.branchesMissed, row.branches, row.name));
        assertThat(lines).as("lines of the engine").isGreaterThan(5_000);
        assertThat(linesMissed).as("lines that no test reaches").isLessThan(lines / 8);
    }
}
