package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientConfigTest {

    @ParameterizedTest
    @CsvSource({"localhost:7878, localhost, 7878", "127.0.0.1:1, 127.0.0.1, 1", "'[::1]:65535', ::1, 65535"})
    void server_isHostAndPort(String server, String host, int port) {
        ClientConfig config = ClientConfig.of(server);
        assertThat(config.host()).isEqualTo(host);
        assertThat(config.port()).isEqualTo(port);
        assertThat(config.server()).isEqualTo(server);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "host", "host:", ":1", "host:0", "host:65536", "host:-1", "::1:5", "a b:1", "[]:1", "h/x:1"})
    void whatIsNoServer_isRefused(String server) {
        InvalidCallException refused = catchThrowableOfType(InvalidCallException.class, () -> ClientConfig.of(server));
        assertThat(refused.code()).isEqualTo(ErrorCode.CONFIG_INVALID);
        assertThat(refused).hasMessageContaining("host:port");
    }

    @Test
    void everyProblem_isInOneMessage() {
        ClientConfig.Builder wrong = ClientConfig.builder("nowhere")
                .clientName("a\nb")
                .connectTimeout(Duration.ZERO)
                .requestTimeout(Duration.ofDays(1))
                .appendTimeout(Duration.ofNanos(1))
                .closeTimeout(Duration.ofSeconds(-1))
                .heartbeat(Duration.ofMillis(1))
                .idleTimeout(Duration.ZERO)
                .firstBackOff(Duration.ZERO)
                .maxBackOff(Duration.ofNanos(-1))
                .linger(Duration.ofMinutes(1))
                .batchBytes(1)
                .batchRecords(0)
                .maxInFlight(9)
                .bufferBytes(1);
        InvalidCallException refused = catchThrowableOfType(InvalidCallException.class, wrong::build);
        assertThat(refused.code()).isEqualTo(ErrorCode.CONFIG_INVALID);
        assertThat(refused.getMessage())
                .contains("15 problems")
                .contains("server", "clientName", "connectTimeout", "requestTimeout", "appendTimeout", "closeTimeout")
                .contains("heartbeat", "idleTimeout", "firstBackOff", "maxBackOff", "linger", "batchBytes=1")
                .contains("batchRecords=0", "maxInFlight=9 must be 1 to 8", "bufferBytes=1");
    }
}
