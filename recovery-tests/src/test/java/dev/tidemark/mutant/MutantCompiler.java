package dev.tidemark.mutant;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Compiles changed sources of the engine against the classes of the others. */
final class MutantCompiler {
    private static final String SOURCES = "src/main/java/";

    private final Path root;
    private final String classPath;

    /**
     * @param root the root of the project
     * @param classPath the engine as it is, and what it needs
     */
    MutantCompiler(Path root, String classPath) {
        this.root = root;
        this.classPath = classPath;
    }

    /** A source file that exists in memory only. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String path, String text) {
            super(URI.create("mutant:///" + path.substring(path.indexOf(SOURCES) + SOURCES.length())), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    /** Puts the classes of a mutant's changed files into a new directory below this one. */
    Path compile(Mutant mutant, Path parent) throws IOException, Patch.Misfit {
        Path classes = Files.createDirectory(parent.resolve(mutant.name()));
        List<JavaFileObject> sources = new ArrayList<>();
        for (Map.Entry<String, String> file : mutant.patch().applyBelow(root).entrySet()) {
            sources.add(new Source(file.getKey(), file.getValue()));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter problems = new StringWriter();
        List<String> options =
                List.of("-d", classes.toString(), "-cp", classPath, "-proc:none", "-implicit:none", "-nowarn", "-g");
        if (!compiler.getTask(problems, null, null, options, null, sources).call()) {
            throw new Patch.Misfit(mutant.name() + " does not compile any more:\n" + problems);
        }
        return classes;
    }
}
