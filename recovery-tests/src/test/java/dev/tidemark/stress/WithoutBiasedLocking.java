package dev.tidemark.stress;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.instrument.Instrumentation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/**
 * An agent that lets no JVM start with biased locking. Where a JVM has it, jcstress runs everything once more with it, without an
 * option to leave that out; it leaves out what does not start. The orders under test stand on fields and queues: no case, and
 * nothing that is under test, locks an object.
 */
public final class WithoutBiasedLocking {
    private WithoutBiasedLocking() {}

    /** Called by the JVM before its main class. */
    public static void premain(String options, Instrumentation unused) {
        // Not by way of ProcessHandle, which has no arguments where there are more than a few thousand characters of
        // them.
        Path commandLine = Path.of("/proc/self/cmdline");
        try {
            if (Files.exists(commandLine)
                    && List.of(Files.readString(commandLine, StandardCharsets.ISO_8859_1)
                                    .split("\0"))
                            .contains("-XX:+UseBiasedLocking")) {
                Runtime.getRuntime().halt(1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The jar that a JVM takes an agent from. */
    static Path jarIn(Path directory) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Premain-Class", WithoutBiasedLocking.class.getName());
        Path jar = directory.resolve("agent.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            entries.putNextEntry(new ZipEntry("empty"));
            entries.closeEntry();
        }
        return jar;
    }
}
