package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.io.Environment;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ServerMetricNamesTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "metrics.md");
    private static final Pattern ROW =
            Pattern.compile("\\| `(wal\\.server[a-z.]+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]*) \\|");

    @Test
    void document_saysWhatTheCodeSays() throws IOException {
        Map<String, String> documented = new TreeMap<>();
        for (String line : Files.readAllLines(DOCUMENT)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                documented.put(
                        row.group(1),
                        row.group(2)
                                + '|'
                                + row.group(3).strip()
                                + '|'
                                + row.group(4).strip());
            }
        }
        Map<String, String> coded = new TreeMap<>();
        for (ServerMetricNames name : ServerMetricNames.values()) {
            coded.put(
                    name.meter,
                    name.kind.name().toLowerCase(Locale.ROOT)
                            + '|'
                            + (name.tag.isEmpty() ? "" : '`' + name.tag + '`')
                            + '|'
                            + name.help);
        }
        assertThat(documented).isEqualTo(coded);
    }

    @Test
    void server_registersEveryMeterAndNoOther() throws InterruptedException {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ServerMeters meters = new ServerMeters(registry);
        FilePool pool = new FilePool("read", 1, 1, Environment.real().threads(), meters);
        Set<String> expected = new TreeSet<>();
        for (ServerMetricNames name : ServerMetricNames.values()) {
            expected.add(name.meter);
        }
        Set<String> registered = new TreeSet<>();
        for (Meter meter : registry.getMeters()) {
            registered.add(meter.getId().getName());
        }
        assertThat(registered).isEqualTo(expected);
        assertThat(pool.close(Duration.ofMinutes(1))).isTrue();
    }
}
