package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** What the README shows is what works: its first example as it stands there, and the coordinates it names. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
    private static final Pattern VERSION =
            Pattern.compile("<artifactId>([^<]*)</artifactId>\\s*<version>([^<]*)</version>");

    /** The frame that a reader would have around the example. */
    private static final String PROGRAM = """
            import dev.tidemark.wal.*;
            import dev.tidemark.wal.api.*;
            import java.nio.file.Path;
            import java.util.concurrent.CompletableFuture;
            import java.util.function.BiConsumer;

            public final class Example {
                private static BiConsumer<Long, byte[]> user;

                private static void use(long offset, byte[] value) {
                    user.accept(offset, value);
                }

                public static void run(byte[] bytes, BiConsumer<Long, byte[]> given) throws Exception {
                    user = given;
            %s
                }
            }
            """;

    @TempDir
    Path temporary;

    @Test
    void firstExample_compilesAsItIsAndReadsWhatItAppends() throws Exception {
        Matcher example = EXAMPLE.matcher(readme());
        assertThat(example.find()).isTrue();
        String directory = temporary.resolve("data").toString();
        String code = example.group(1).replace("Path.of(\"data\")", "Path.of(\"" + directory + "\")");
        assertThat(code).contains(directory);

        List<String> used = new ArrayList<>();
        BiConsumer<Long, byte[]> user =
                (offset, value) -> used.add(offset + " " + new String(value, StandardCharsets.UTF_8));
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {compiled(code).toUri().toURL()})) {
            loader.loadClass("Example")
                    .getMethod("run", byte[].class, BiConsumer.class)
                    .invoke(null, "hello".getBytes(StandardCharsets.UTF_8), user);
        }

        // The second append may be durable by then or not.
        assertThat(used).startsWith("0 hello").hasSizeBetween(1, 2);
        try (Wal wal = Wal.open(Path.of(directory))) {
            assertThat(wal.partition("orders", 0).ends().logEnd()).isEqualTo(2);
        }
    }

    private Path compiled(String code) throws Exception {
        Path source = Files.writeString(temporary.resolve("Example.java"), String.format(PROGRAM, code));
        Path classes = Files.createDirectory(temporary.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            boolean isCompiled = compiler.getTask(
                            said,
                            files,
                            null,
                            List.of(
                                    "-d",
                                    classes.toString(),
                                    "-proc:none",
                                    "-cp",
                                    System.getProperty("java.class.path")),
                            null,
                            files.getJavaFileObjects(source))
                    .call();
            assertThat(isCompiled).as("%s", said).isTrue();
        }
        return classes;
    }

    @Test
    void dependency_isTheOneThatIsBuiltHere() throws Exception {
        Matcher inReadme = VERSION.matcher(readme());
        assertThat(inReadme.find()).isTrue();
        Matcher here = VERSION.matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertThat(here.find()).isTrue();

        assertThat(inReadme.group(1)).isEqualTo("wal-core");
        assertThat(inReadme.group(2)).isEqualTo(here.group(2));
    }

    private static String readme() throws Exception {
        return Files.readString(ROOT.resolve("README.md"));
    }
}
