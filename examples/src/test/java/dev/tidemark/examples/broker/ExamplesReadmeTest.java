package dev.tidemark.examples.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code examples/README.md} shows is what works. */
class ExamplesReadmeTest {
    /** What a reader would have around it. */
    private static final String PROGRAM = """
            import dev.tidemark.examples.broker.*;
            import java.nio.file.Path;
            import java.time.Duration;

            public final class Shop {
                private static java.util.function.Consumer<String> biller;

                private static void bill(String order) {
                    biller.accept(order);
                }

                public static void run(java.util.function.Consumer<String> given) throws Exception {
                    biller = given;
            %s
                }
            }
            """;

    @TempDir
    Path directory;

    @Test
    void snippet_compilesAndBillsTheOrder() throws Exception {
        Matcher code = Pattern.compile("(?s)```java\n(.*?)```").matcher(Files.readString(Path.of("README.md")));
        assertThat(code.find()).isTrue();
        String snippet = code.group(1).replace("Path.of(\"data\")", "Path.of(\"" + directory.resolve("data") + "\")");
        Path source = Files.writeString(directory.resolve("Shop.java"), PROGRAM.formatted(snippet));
        compile(source);

        List<String> billed = new ArrayList<>();
        try (URLClassLoader classes =
                new URLClassLoader(new URL[] {directory.toUri().toURL()})) {
            classes.loadClass("Shop").getMethod("run", Consumer.class).invoke(null, (Consumer<String>) billed::add);
        }

        assertThat(billed).containsExactly("two coffees");
    }

    private void compile(Path source) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<String> options =
                    List.of("-proc:none", "-d", directory.toString(), "-cp", System.getProperty("java.class.path"));
            assertThat(compiler.getTask(said, files, null, options, null, files.getJavaFileObjects(source))
                            .call())
                    .as(said.toString())
                    .isTrue();
        }
    }
}
