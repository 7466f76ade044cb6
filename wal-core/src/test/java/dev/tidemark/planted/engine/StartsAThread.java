package dev.tidemark.planted.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** One stage names its executor and one takes the common pool. */
final class StartsAThread {
    CompletableFuture<String> run(Executor executor) {
        return CompletableFuture.supplyAsync(() -> "fine", executor).thenApplyAsync(String::trim);
    }
}
