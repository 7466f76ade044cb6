package dev.tidemark.wal.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.RecoveryCase;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table in {@code docs/recovery.md}, the constants of {@code RecoveryCase} and the names of the tests are the same rows. */
final class RecoveryDocTest {

    private static final Pattern ROW = Pattern.compile("^\\| (CLEAN|R\\d+) \\| ", Pattern.MULTILINE);

    @Test
    void tableHasARowForEachCase() throws IOException {
        String page = Files.readString(Path.of("../docs/recovery.md"));

        List<String> rows = ROW.matcher(page)
                .results()
                .map((MatchResult row) -> row.group(1))
                .toList();

        assertThat(rows)
                .containsExactly(
                        Arrays.stream(RecoveryCase.values()).map(Enum::name).toArray(String[]::new));
    }

    @Test
    void eachCaseHasATestThatNamesIt() {
        List<String> tests = Arrays.stream(RecoveryTest.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(Method::getName)
                .toList();
        for (RecoveryCase row : RecoveryCase.values()) {
            String mark = row == RecoveryCase.CLEAN ? "cleanClose_" : "_" + row;
            assertThat(tests).as(row.name()).anyMatch(name -> name.contains(mark));
        }
    }
}
