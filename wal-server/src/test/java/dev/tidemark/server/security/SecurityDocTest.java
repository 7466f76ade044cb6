package dev.tidemark.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/security.md} says to be shown by a test, has that test. */
class SecurityDocTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "security.md");
    private static final Pattern NAMED = Pattern.compile("`(?:([A-Z]\\w*Test)(?:\\.)?)?([a-z]\\w*)?`");

    @Test
    void eachLine_namesTestsThatThereAre() throws IOException {
        Map<String, String> tests = tests();
        List<String> missing = new ArrayList<>();
        int lines = 0;
        for (String line : promises()) {
            String[] columns = line.split("\\|");
            Matcher named = NAMED.matcher(columns[2]);
            String type = "";
            int found = 0;
            while (named.find()) {
                type = named.group(1) == null ? type : named.group(1);
                String source = tests.getOrDefault(type, "");
                String method = named.group(2);
                if (source.isEmpty() || (method != null && !source.contains("void " + method + "("))) {
                    missing.add(named.group());
                }
                found++;
            }
            assertThat(found).as(line).isPositive();
            lines++;
        }
        assertThat(missing).isEmpty();
        assertThat(lines).isGreaterThan(30);
    }

    private static List<String> promises() throws IOException {
        List<String> all = Files.readAllLines(DOCUMENT);
        int begin = all.indexOf("## What holds, and what shows it") + 4;
        return all.subList(begin, all.size()).stream()
                .takeWhile(line -> line.startsWith("| "))
                .toList();
    }

    private static Map<String, String> tests() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("wal-client", "wal-server")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "test", "java"))) {
                for (Path file : files.filter(each -> each.toString().endsWith("Test.java"))
                        .toList()) {
                    String name = file.getFileName().toString();
                    sources.put(name.substring(0, name.length() - ".java".length()), Files.readString(file));
                }
            }
        }
        return sources;
    }
}
