using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>A request for an object, before it is answered.</summary>
/// <param name="Number">From 1.</param>
internal sealed record ObjectCall(int Number, string Method, string Name, long From, string Query);

/// <summary>What goes wrong with one request.</summary>
/// <param name="Status">Answered instead of the object; 0: the right one.</param>
/// <param name="CutAfter">The connection ends after so many bytes of the body, in either direction.</param>
/// <param name="Hang">Instead of ending, it stays silent until the client goes.</param>
internal sealed record Fault(int Status = 0, int? RetryAfter = null, int? CutAfter = null, bool Hang = false, byte? FlipAt = null);

/// <summary>Objects over HTTP on loopback: GET with ranges, PUT; counts bytes and does wrong what a test wants.</summary>
internal sealed class ObjectServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private long _in;
    private long _out;
    private int _count;

    public ObjectServer()
    {
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";
        _ = AcceptAsync();
    }

    public string Url { get; }

    public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    public ConcurrentQueue<ObjectCall> Calls { get; } = new();

    /// <summary>null: all goes well.</summary>
    public Func<ObjectCall, Fault?> Faults { get; set; } = _ => null;

    public bool IgnoresRanges { get; set; }

    /// <summary>Of bodies of objects.</summary>
    public long BytesIn => Interlocked.Read(ref _in);

    public long BytesOut => Interlocked.Read(ref _out);

    public void ResetCounts()
    {
        Interlocked.Exchange(ref _in, 0);
        Interlocked.Exchange(ref _out, 0);
        Calls.Clear();
    }

    public void Dispose()
    {
        _over.Cancel();
        _listener.Stop();
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_over.Token);
                _ = Task.Run(() => ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using (socket)
            {
                await using var stream = new BufferedStream(new NetworkStream(socket));
                while (await HeadAsync(stream) is { } head && await AnswerAsync(head, stream))
                {
                    await stream.FlushAsync(_over.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
        }
    }

    private async Task<string[]?> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _over.Token) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n")
            {
                return head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            }
        }

        return null;
    }

    private async Task<bool> AnswerAsync(string[] head, Stream stream)
    {
        var words = head[0].Split(' ');
        var target = words[1].TrimStart('/').Split('?');
        var (from, to) = Range(Header(head, "Range"));
        var call = new ObjectCall(Interlocked.Increment(ref _count), words[0], target[0], from ?? 0, target.Length > 1 ? target[1] : "");
        Calls.Enqueue(call);
        var fault = Faults(call);
        return words[0] == "PUT"
            ? await PutAsync(call, long.Parse(Header(head, "Content-Length")!, CultureInfo.InvariantCulture), fault, stream)
            : await GetAsync(call, IgnoresRanges ? null : from, to, fault, stream);
    }

    private async Task<bool> PutAsync(ObjectCall call, long length, Fault? fault, Stream stream)
    {
        var body = new byte[length];
        var cut = fault?.CutAfter is { } most ? (int)Math.Min(most, length) : (int)length;
        await stream.ReadExactlyAsync(body.AsMemory(0, cut), _over.Token);
        Interlocked.Add(ref _in, cut);
        if (fault is { CutAfter: not null })
        {
            await HangAsync(fault);
            return false;
        }

        if (fault is null or { Status: 0 })
        {
            Objects[call.Name] = body;
        }

        await WriteHeadAsync(stream, fault is { Status: > 0 } ? fault.Status : 200, 0, fault, null);
        return true;
    }

    private async Task<bool> GetAsync(ObjectCall call, long? from, long? to, Fault? fault, Stream stream)
    {
        if (fault is { Status: > 0 } || !Objects.TryGetValue(call.Name, out var whole))
        {
            await WriteHeadAsync(stream, fault is { Status: > 0 } ? fault.Status : 404, 0, fault, null);
            return true;
        }

        var last = Math.Min(to ?? (whole.Length - 1), whole.Length - 1);
        var body = whole[(int)(from ?? 0)..(int)(last + 1)];
        if (fault?.FlipAt is { } flip)
        {
            body[flip % body.Length] ^= 0x55;
        }

        await WriteHeadAsync(stream, from is null ? 200 : 206, body.Length, fault, from is null ? null : $"bytes {from}-{last}/{whole.Length}");
        var cut = fault?.CutAfter is { } most ? Math.Min(most, body.Length) : body.Length;
        await stream.WriteAsync(body.AsMemory(0, cut), _over.Token);
        await stream.FlushAsync(_over.Token);
        Interlocked.Add(ref _out, cut);
        if (cut < body.Length)
        {
            await HangAsync(fault!);
        }

        return cut == body.Length;
    }

    private Task HangAsync(Fault fault) => fault.Hang ? Task.Delay(Timeout.InfiniteTimeSpan, _over.Token) : Task.CompletedTask;

    private async Task WriteHeadAsync(Stream stream, int status, long length, Fault? fault, string? range)
    {
        var head = $"HTTP/1.1 {status} {(HttpStatusCode)status}\r\nContent-Length: {length}\r\n"
            + (range is null ? "" : $"Content-Range: {range}\r\n")
            + (fault?.RetryAfter is { } seconds ? $"Retry-After: {seconds}\r\n" : "") + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _over.Token);
    }

    private static string? Header(string[] head, string name) =>
        head.FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();

    private static (long? From, long? To) Range(string? header)
    {
        if (header is null)
        {
            return (null, null);
        }

        var ends = header["bytes=".Length..].Split('-');
        return (long.Parse(ends[0], CultureInfo.InvariantCulture), ends[1].Length == 0 ? null : long.Parse(ends[1], CultureInfo.InvariantCulture));
    }
}
