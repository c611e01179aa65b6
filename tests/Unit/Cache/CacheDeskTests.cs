using System.Collections;
using System.Text.Json;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>The driver's answers to the agent: there always is one.</summary>
public sealed class CacheDeskTests
{
    private static readonly CacheOptions Options = new() { S3 = null! };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Exceptions => new(Thrown.Select(e => e.GetType().Name));

    private static Exception[] Thrown =>
    [
        new UriFormatException("https://signed.example/?X-Amz-Signature=secret"),
        new JsonException(),
        new InvalidCastException(),
        new InvalidOperationException(),
        new IOException(),
        new FormatException(),
        new OperationCanceledException(),
        new TimeoutException(),
        new AggregateException(new IOException()),
        InvalidProtocol(),
        new StoreException("the store is away", isTransient: true),
        new CacheDamagedException("the manifest is damaged"),
    ];

    [Theory]
    [MemberData(nameof(Exceptions))]
    public async Task Answer_WhateverIsThrown_IsARefusal(string type)
    {
        var thrown = Thrown.Single(e => e.GetType().Name == type);
        foreach (var ask in Asks())
        {
            var desk = Desk(ask.AskCase == CacheAsk.AskOneofCase.Find ? Direction.Restore : Direction.Save, thrown);

            var answer = CacheAnswer.Parser.ParseFrom(await desk.AnswerAsync(ask.ToByteString(), Token));

            Assert.Equal(CacheAnswer.AnswerOneofCase.Refused, answer.AnswerCase);
            Assert.NotEmpty(answer.Refused);
            Assert.DoesNotContain("Signature", answer.Refused, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answer_ToEveryBytesCutAnywhere_IsGiven()
    {
        foreach (var ask in Asks().Select(a => a.ToByteArray()))
        {
            for (var length = 0; length <= ask.Length; length++)
            {
                var answer = await Desk(Direction.Save, new InvalidOperationException()).AnswerAsync(ByteString.CopyFrom(ask, 0, length), Token);

                Assert.Equal(CacheAnswer.AnswerOneofCase.Refused, CacheAnswer.Parser.ParseFrom(answer).AnswerCase);
            }
        }
    }

    [Fact]
    public async Task Answer_OfAStageThatIsOver_IsNotGiven()
    {
        var desk = Desk(Direction.Save, new OperationCanceledException());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => desk.AnswerAsync(new CacheAsk { Known = new Known() }, new CancellationToken(true)));
    }

    private static IEnumerable<CacheAsk> Asks() =>
    [
        new() { Find = new Find { Attempt = 0 } },
        new() { Known = new Known() },
        new() { GrantPacks = new GrantPacks { Packs = { new PackName { Sha256 = ByteString.CopyFrom(new byte[32]), Size = 1 } } } },
        new() { Keep = new Keep { ManifestSha256 = ByteString.CopyFrom(new byte[32]) } },
        new() { Commit = new Commit { Manifest = ByteString.CopyFromUtf8("x") } },
    ];

    private static CacheDesk Desk(Direction direction, Exception thrown) =>
        new(new CachePlan(direction, "/builds/p", null!, new Throwing(thrown)), Options, null!, TimeProvider.System);

    private static InvalidProtocolBufferException InvalidProtocol() => Assert.Throws<InvalidProtocolBufferException>(() => CacheAsk.Parser.ParseFrom([0xFF]));

    /// <summary>One item, and whoever takes it gets the exception.</summary>
    private sealed class Throwing(Exception thrown) : IReadOnlyList<CacheItemPlan>
    {
        public int Count => 1;

        public CacheItemPlan this[int index] => throw thrown;

        public IEnumerator<CacheItemPlan> GetEnumerator() => throw thrown;

        IEnumerator IEnumerable.GetEnumerator() => throw thrown;
    }
}
