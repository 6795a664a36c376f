from django.urls import reverse


def test_smoke(client, zhou, web_case, taken_case, handed_case):
    client.force_login(zhou)
    for name in ["desk:board", "complaints:list", "desk:search"]:
        r = client.get(reverse(name), {"q": "水管"})
        assert r.status_code == 200, name
    r = client.get(reverse("desk:board"), headers={"HX-Request": "true"})
    assert r.status_code == 200
    print(r.content.decode())
