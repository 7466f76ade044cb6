package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.WalConfig;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README says about server and client is what works, as it stands there but for the place and the port. */
class QuickStartTest {
    private static final Pattern LINES = Pattern.compile("```\n(\\./wal serve .*?)```", Pattern.DOTALL);
    private static final Pattern SNIPPET = Pattern.compile("```java\n(try \\(WalClient .*?)```", Pattern.DOTALL);

    private static final String PROGRAM = """
            import dev.tidemark.client.*;
            import dev.tidemark.wal.api.*;
            import java.util.function.BiConsumer;

            public final class Example {
                private static BiConsumer<Long, byte[]> user;

                private static void use(long offset, byte[] value) {
                    user.accept(offset, value);
                }

                public static void run(byte[] bytes, BiConsumer<Long, byte[]> given) {
                    user = given;
            %s
                }
            }
            """;

    @TempDir
    Path directory;

    private static String inReadme(Pattern pattern) throws Exception {
        Matcher found = pattern.matcher(Files.readString(Path.of("..", "README.md")));
        assertThat(found.find()).isTrue();
        return found.group(1);
    }

    @Test
    void threeLinesOfShell_startAServer_andProduceAndFetch() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String lines = inReadme(LINES)
                .replace("./wal", "$WAL")
                .replace("--data data", "--data " + directory.resolve("data"))
                .replace("7878", Integer.toString(port));
        Path err = directory.resolve("err");
        Process shell = CliProcess.shell(lines + "\nkill $!\nwait", err);
        String out = CliProcess.allOf(shell);
        assertThat(CliProcess.exitCode(shell)).as(Files.readString(err)).isZero();
        assertThat(out).contains("1\n2\n3\n");
    }

    @Test
    void snippet_compilesAsItIsAndReadsWhatItAppends() throws Exception {
        List<String> used = new ArrayList<>();
        try (WalServer server =
                WalServer.start(ServerConfig.builder().port(0).build(), WalConfig.of(directory.resolve("data")))) {
            server.awaitServing(Duration.ofSeconds(60));
            String code = inReadme(SNIPPET).replace("localhost:7878", "127.0.0.1:" + server.port());
            BiConsumer<Long, byte[]> user =
                    (offset, value) -> used.add(offset + " " + new String(value, StandardCharsets.UTF_8));
            try (URLClassLoader loader =
                    new URLClassLoader(new URL[] {compiled(code).toUri().toURL()})) {
                loader.loadClass("Example")
                        .getMethod("run", byte[].class, BiConsumer.class)
                        .invoke(null, "hello".getBytes(StandardCharsets.UTF_8), user);
            }
        }
        assertThat(used).containsExactly("0 hello");
    }

    private Path compiled(String code) throws Exception {
        Path source = Files.writeString(directory.resolve("Example.java"), String.format(PROGRAM, code));
        Path classes = Files.createDirectory(directory.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<String> options =
                    List.of("-d", classes.toString(), "-proc:none", "-cp", System.getProperty("java.class.path"));
            boolean isCompiled = compiler.getTask(said, files, null, options, null, files.getJavaFileObjects(source))
                    .call();
            assertThat(isCompiled).as("%s", said).isTrue();
        }
        return classes;
    }
}
