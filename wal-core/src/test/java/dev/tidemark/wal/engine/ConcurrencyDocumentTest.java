package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.partition.LockRank;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/concurrency.md names the locks in their order, and every thread. */
class ConcurrencyDocumentTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "concurrency.md");
    private static final Path SOURCES = Path.of("src", "main", "java");
    private static final Pattern LOCK_ROW = Pattern.compile("\\| `([a-z-]+)` \\| [^|]+ \\| [^|]+ \\| (yes|no) \\|");
    private static final Pattern THREAD_ROW = Pattern.compile("\\| `(wal-[a-z]+)(?:-N)?` \\|.*");
    private static final Pattern THREAD_IN_CODE = Pattern.compile("\"(wal-[a-z]+)\"");

    @Test
    void locks_areListedInTheirOrder() throws IOException {
        List<String> documented = new ArrayList<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher row = LOCK_ROW.matcher(line);
            if (row.matches()) {
                documented.add(row.group(1) + " " + row.group(2));
            }
        }
        List<String> coded = Stream.of(LockRank.values())
                .map(rank -> rank.label() + " " + (rank.allowsIo() ? "yes" : "no"))
                .toList();
        assertThat(documented).isEqualTo(coded);
    }

    @Test
    void threads_areListed() throws IOException {
        Set<String> documented = new TreeSet<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher row = THREAD_ROW.matcher(line);
            if (row.matches()) {
                documented.add(row.group(1));
            }
        }
        Set<String> coded = new TreeSet<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(file -> {
                Matcher name = THREAD_IN_CODE.matcher(read(file));
                while (name.find()) {
                    coded.add(name.group(1));
                }
            });
        }
        assertThat(documented).isEqualTo(coded).isNotEmpty();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
