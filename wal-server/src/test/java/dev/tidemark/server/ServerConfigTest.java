package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerConfigTest {
    private static final Path ANY = Path.of("any.pem");

    @Test
    void problems_areAllInOneMessage() {
        assertThatThrownBy(() -> ServerConfig.builder()
                        .host("[no address]")
                        .port(-1)
                        .idleTimeout(Duration.ZERO)
                        .tls(TlsFiles.trusting(ANY))
                        .build())
                .isInstanceOfSatisfying(
                        WalException.class, told -> assertThat(told.code()).isEqualTo(ErrorCode.CONFIG_INVALID))
                .hasMessageContaining("host=[no address]")
                .hasMessageContaining("port=-1")
                .hasMessageContaining("idleTimeout in ms=0")
                .hasMessageContaining("a server has a certificate and its key");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.7"})
    void addressOfTheNetwork_isRefusedWhereNobodyIsAskedWhoHeIs(String host) {
        assertThatThrownBy(() -> ServerConfig.builder().host(host).build())
                .hasMessageContaining("host=" + host)
                .hasMessageContaining("insecureNoAuthentication");
        // A certificate of the server's own says nothing about the clients.
        TlsFiles own = TlsFiles.identifiedBy(ANY, ANY);
        assertThatThrownBy(() -> ServerConfig.builder().host(host).tls(own).build())
                .hasMessageContaining("host=" + host);
        assertThat(ServerConfig.builder()
                        .host(host)
                        .tls(own.alsoTrusting(ANY))
                        .build()
                        .host())
                .isEqualTo(host);
        assertThat(ServerConfig.builder()
                        .host(host)
                        .insecureNoAuthentication(true)
                        .build()
                        .host())
                .isEqualTo(host);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "localhost", "127.8.8.8"})
    void addressOfThisMachine_isAlwaysAllowed(String host) {
        assertThat(ServerConfig.builder().host(host).build().host()).isEqualTo(host);
    }
}
