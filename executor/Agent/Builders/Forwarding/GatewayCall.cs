using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>One gRPC call of a job: its request, and the ways to answer it.</summary>
internal sealed class GatewayCall(IFeatureCollection features)
{
    public const string BuildIdHeader = "buildkit-controlapi-buildid";

    private const int PrefixSize = 5;

    /// <summary>BuildKit's own bound.</summary>
    private const int MaxMessage = 16 << 20;

    public IHttpRequestFeature Request { get; } = features.GetRequiredFeature<IHttpRequestFeature>();

    public IHttpResponseFeature Response { get; } = features.GetRequiredFeature<IHttpResponseFeature>();

    public IHttpResponseBodyFeature Body { get; } = features.GetRequiredFeature<IHttpResponseBodyFeature>();

    public IHttpResponseTrailersFeature Trailers { get; } = features.GetRequiredFeature<IHttpResponseTrailersFeature>();

    /// <summary>The job gave the call up.</summary>
    public CancellationToken Aborted { get; } = features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    public string Path => Request.Path;

    /// <summary>The ref of the build in whose name a gateway API's call is made; empty for others.</summary>
    public string BuildId => Request.Headers[BuildIdHeader].ToString();

    /// <summary>The one message of a unary call. Fields that we do not know are left out: nobody has judged them.</summary>
    /// <exception cref="InvalidDataException">It is compressed, too long or not one message.</exception>
    public async Task<T> ReadAsync<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        using var buffer = new MemoryStream();
        var chunk = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int count;
            while ((count = await Request.Body.ReadAsync(chunk, Aborted)) > 0)
            {
                buffer.Write(chunk, 0, count);
                if (buffer.Length > MaxMessage + PrefixSize)
                {
                    throw new InvalidDataException("The message is longer than BuildKit takes.");
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }

        var bytes = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        return bytes.Length >= PrefixSize && bytes[0] == 0 && BinaryPrimitives.ReadInt32BigEndian(bytes[1..]) == bytes.Length - PrefixSize
            ? parser.WithDiscardUnknownFields(true).ParseFrom(bytes[PrefixSize..])
            : throw new InvalidDataException("The call does not carry exactly one uncompressed message.");
    }

    public static byte[] Frame(IMessage message)
    {
        var bytes = new byte[PrefixSize + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - PrefixSize);
        message.WriteTo(bytes.AsSpan(PrefixSize));
        return bytes;
    }

    /// <summary>Ends the call with a gRPC status of ours.</summary>
    public async Task EndAsync(StatusCode code, string message)
    {
        var number = ((int)code).ToString(CultureInfo.InvariantCulture);
        if (Response.HasStarted)
        {
            Trailers.Trailers["grpc-status"] = number;
            Trailers.Trailers["grpc-message"] = Escape(message);
        }
        else
        {
            Response.StatusCode = 200;
            Response.Headers.ContentType = "application/grpc";
            Response.Headers["grpc-status"] = number;
            Response.Headers["grpc-message"] = Escape(message);
        }

        await Body.CompleteAsync();
    }

    /// <summary>gRPC's percent-encoding of a status message.</summary>
    private static string Escape(string message)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            _ = b is >= 0x20 and <= 0x7e and not (byte)'%' ? text.Append((char)b) : text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
