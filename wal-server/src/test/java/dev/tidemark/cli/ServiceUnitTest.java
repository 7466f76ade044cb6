package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The unit for systemd, and the configuration that it starts with. */
class ServiceUnitTest {
    private static final Path DIST = Path.of("..", "dist");

    private static Map<String, String> unit() throws IOException {
        Map<String, String> settings = new HashMap<>();
        for (String line : Files.readAllLines(DIST.resolve("tidemark.service"))) {
            if (!line.isBlank() && !line.startsWith("#") && !line.startsWith("[")) {
                String[] setting = line.split("=", 2);
                assertThat(setting).as(line).hasSize(2);
                assertThat(settings.put(setting[0], setting[1])).as(line).isNull();
            }
        }
        return settings;
    }

    @Test
    void unit_startsStopsAndReloadsTheServerAsItWants() throws IOException {
        Map<String, String> unit = unit();
        assertThat(unit.get("ExecStart")).endsWith("serve --config /etc/tidemark/tidemark.conf");
        // Nothing tells systemd that the store is recovered; so it must not be waited for.
        assertThat(unit).containsEntry("Type", "exec");
        assertThat(unit.get("ExecReload")).contains("-HUP");
        assertThat(unit.get("SuccessExitStatus")).isEqualTo("143");
        assertThat(Long.parseLong(unit.get("TimeoutStopSec"))).isGreaterThan(ServeCommand.PATIENCE.toSeconds());
        assertThat(unit).containsEntry("NoNewPrivileges", "true").containsEntry("ProtectSystem", "strict");
        assertThat(unit.get("StateDirectory")).isEqualTo("tidemark");
    }

    @Test
    void configuration_isOneThatServes() {
        CliRun run = CliRun.of("serve", "--print-config", "--config", DIST.resolve("tidemark.conf"));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("data = /var/lib/tidemark ");
    }
}
