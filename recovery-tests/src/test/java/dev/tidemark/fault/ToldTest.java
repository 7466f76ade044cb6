package dev.tidemark.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What callers may be told of a failing disk: users read it in the document, the harness in {@link Told}. */
class ToldTest {
    private static final Path DOCUMENT = Path.of("../docs/testing-faults.md");

    @Test
    void documentAndHarness_haveTheSameRows() throws IOException {
        Set<String> judged = new TreeSet<>();
        for (Told row : Told.TABLE) {
            judged.add(row.call().name().toLowerCase(Locale.ROOT) + " "
                    + row.type().getSimpleName() + " " + row.code());
        }
        assertThat(documented()).isEqualTo(judged);
    }

    private static Set<String> documented() throws IOException {
        List<String> lines = Files.readAllLines(DOCUMENT);
        Set<String> rows = new TreeSet<>();
        int next = lines.indexOf("| call | type | code | when |") + 2;
        while (lines.get(next).startsWith("|")) {
            String[] columns = lines.get(next++).replace("`", "").split("\\|");
            for (String call : columns[1].split(",")) {
                for (String code : columns[3].split(",")) {
                    rows.add(call.strip() + " " + columns[2].strip() + " " + code.strip());
                }
            }
        }
        return rows;
    }
}
