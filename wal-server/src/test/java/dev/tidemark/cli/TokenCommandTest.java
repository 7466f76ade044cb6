package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.WalConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenCommandTest {
    @TempDir
    private Path directory;

    private Path tokens;

    @BeforeEach
    void place() {
        tokens = directory.resolve("tokens");
    }

    private CliRun run(Object... rest) {
        List<Object> args = new ArrayList<>(List.of("token", "--tokens", tokens));
        args.addAll(List.of(rest));
        return CliRun.of(args.toArray());
    }

    @Test
    void tokenThatIsMade_isShownOnce_letsInAndIsRevoked() throws IOException {
        CliRun made = run("create", "shop", "--expires", "P1D");
        assertThat(made.exitCode()).as(made.err()).isZero();
        Path token = Files.writeString(directory.resolve("shop.token"), made.out());
        assertThat(made.err()).doesNotContain(made.out().strip());
        assertThat(run("list").out())
                .contains(" shop made ")
                .contains(" ends ")
                .doesNotContain(made.out().strip());
        assertThat(run("list", "--json").out()).contains("\"name\":\"shop\"");
        try (WalServer server = WalServer.start(
                ServerConfig.builder().port(0).tokens(tokens).build(), WalConfig.of(directory.resolve("data")))) {
            server.awaitServing(Duration.ofMinutes(1));
            String place = "127.0.0.1:" + server.port();
            CliRun with = CliRun.of("partitions", "--server", place, "--token-file", token, "create", "orders-0");
            assertThat(with.exitCode()).as(with.err()).isZero();
            CliRun without = CliRun.of("partitions", "--server", place);
            assertThat(without.exitCode()).isEqualTo(ExitCode.FAILED.number());
            assertThat(without.err()).contains("UNAUTHENTICATED").contains("--token-file");
            assertThat(run("revoke", "shop").out()).isEqualTo("revoked 1\n");
            server.reload();
            assertThat(CliRun.of("partitions", "--server", place, "--token-file", token)
                            .err())
                    .contains("UNAUTHENTICATED");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create",
                "list shop",
                "create a/b",
                "create shop --expires tomorrow",
                "create shop --expires PT0S",
                "list --expires P1D",
                "revoke"
            })
    void wrongCall_isSaidAndMakesNoFile(String words) {
        assertThat(run((Object[]) words.split(" ")).exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(tokens).doesNotExist();
    }

    @Test
    void whatIsNotThere_orIsNoFileOfTokens_isSaid() throws IOException {
        assertThat(run("list").exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(run("create", "shop").exitCode()).isZero();
        assertThat(run("revoke", "other").exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        Files.writeString(tokens, "what is this");
        assertThat(run("list").err())
                .contains("TOKENS_UNREADABLE")
                .contains("line 1")
                .doesNotContain("what is this");
    }

    /** With everything logged that there is to log. */
    @Test
    void noSecret_isInTheLogOfAServer() throws Exception {
        String token = run("create", "shop").out().strip();
        String bad = token.substring(0, token.length() - 8) + "badbadba";
        List<String> command =
                CliProcess.command("serve", "--data", directory.resolve("data"), "--port", 0, "--tokens", tokens);
        int java = 0;
        while (!command.get(java).endsWith("java")) {
            java++;
        }
        command.add(java + 1, "-Dtidemark.log.level=DEBUG");
        Process process = CliProcess.start(command, directory.resolve("err"));
        StringBuilder said = new StringBuilder();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            said.append(out.readLine());
            String place = said.substring(said.lastIndexOf(" ") + 1);
            Path good = Files.writeString(directory.resolve("good"), token);
            Path wrong = Files.writeString(directory.resolve("wrong"), bad);
            CliRun created = CliRun.of("partitions", "--server", place, "--token-file", good, "create", "orders-0");
            assertThat(created.exitCode()).as(created.err()).isZero();
            CliRun refused = CliRun.of("partitions", "--server", place, "--token-file", wrong);
            assertThat(refused.err()).contains("UNAUTHENTICATED").doesNotContain(secret(token));
            CliProcess.signal(process, "TERM");
            said.append(out.readLine());
            assertThat(CliProcess.exitCode(process)).isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
        String log = Files.readString(directory.resolve("err"));
        // It does say who came.
        assertThat(log).contains("identity=token:shop");
        assertThat(log + said).doesNotContain(secret(token)).doesNotContain(secret(bad));
    }

    /** Also a part of it would be too much. */
    private static String secret(String token) {
        return token.substring(21, 36);
    }
}
