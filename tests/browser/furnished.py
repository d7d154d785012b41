# SPDX-License-Identifier: Apache-2.0
"""An archive that has been in use: something on every page, and the ids that addresses of pages need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fake_pack import blurred, face, photo, png
from order_examples import order_toml
from people import enter
from world import DELIVERY, World

from countenance import canonical
from countenance.ids import ClientId, SubjectId
from countenance.model.account import COMMAND_LINE, Caller, Role
from countenance.model.breach import Exposed
from countenance.model.destruction import HoldBasis
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import Quota
from countenance.model.request import RequestKind, VerifiedBy
from countenance.model.search import ProbeBasis
from countenance.model.signing import Act, Offer, Relation
from countenance.model.subject import AgeBand
from countenance.services.order_documents import uploaded
from countenance.services.search import Request
from countenance.services.vetting import Terms

_NAMES = ("Ada Example", "Bo Larsen", "Cleo Whitfield", "Dan Okafor", "Eve Marchetti", "Fay Nakamura", "Gil Torres")
_BASIS = ProbeBasis.SUBJECT_PRESENT


class Furnished:
    """A world in use; made once for many pages.

    Attributes:
        world: what it is made in.
        ids: what addresses of pages name, such as `order` or `signing_read`.
        sessions: the cookie of somebody of each role.
        ann, bea: two custodians; `sessions` has Ann's.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[str, str] = {}
        self.sessions: dict[Role, str] = {}
        self.shop = world.client("Blue Door Photography")
        self.museum = world.client("Harbour Museum", ClientKind.MUSEUM, (Purpose.COLLECTION_RESEARCH,))
        self.gala = world.engine.register.add_source(
            "Gala of the Harbour Museum, 2026", basis="contract", capture_place="US-IL"
        ).id
        fair = world.engine.register.add_source("Spring fair", basis="contract").id
        self.ids["source"] = self.gala
        world.engine.daily.begin()  # before anybody's time is up, for a server follows the clock when it starts
        world.engine.background.settle(60)
        self.people = [self._signed(name, number) for number, name in enumerate(_NAMES, start=1)]
        self._accounts()
        world.engine.sources.revoke(fair, by=self.ann, reason="the organiser took the permission back")
        self._law()
        self._photos()
        self._searches()
        self._clients()
        self._signings()
        self._custody()
        self._own()

    def _signed(self, name: str, seed: int) -> SubjectId:
        world = self.world
        subject = world.engine.subjects.add(name, residency=["DE" if name.startswith("Bo") else "US-IL"]).id
        world.sign(subject, clients=(self.shop,))
        world.enrol(self.gala, subject, seed)
        return subject

    def _accounts(self) -> None:
        accounts = self.world.engine.accounts
        self.operator = self._enter(Role.OPERATOR).account
        self.searcher = self._enter(Role.SEARCHER, client=self.shop).account
        self.ann = self._enter(Role.CUSTODIAN).account
        self.bea = enter(self.world, Role.CUSTODIAN)[1].account
        self._enter(Role.AUDITOR)
        self._enter(Role.SUBJECT, subject=self.people[0])
        gone = accounts.add("Former colleague", Role.OPERATOR, by=COMMAND_LINE)
        accounts.disable(gone.id, by=self.ann)
        new = accounts.add("New colleague", Role.AUDITOR, by=COMMAND_LINE)
        self.ids["invitation"] = accounts.invite(new.id, minutes=30, by=self.ann) or ""

    def _enter(self, role: Role, *, client: ClientId | None = None, subject: SubjectId | None = None) -> Caller:
        self.sessions[role], caller = enter(self.world, role, client=client, subject=subject)
        return caller

    def _photos(self) -> None:
        """A finished upload with outcomes of each kind, one that still runs, and photos that wait for a look."""
        jobs, world = self.world.engine.jobs, self.world
        done = jobs.open_upload(self.gala, by=self.operator, total=4, ask=True).id
        jobs.add(done, png(photo(face(21), face(22), blurred(5))), "stage.png")
        jobs.add(done, png(photo(face(1, 7), face(23))), "table-4.png")
        jobs.add(done, png(photo(nothing=9)), "garden.png")
        jobs.add(done, b"no photo at all", "notes.jpg")
        jobs.finish(done)
        self.ids["job"], self.ids["job_open"] = done, jobs.open_upload(self.gala, by=self.operator, total=12).id
        jobs.add(self.ids["job_open"], png(photo(face(24))), "late.png")
        self.ids["photo"] = world.engine.review_photos.queue()[0].photo
        for number in range(2):
            world.photo(number + 30, name=f"gala/{number}.png")

    def _searches(self) -> None:
        """A candidate, nobody, and a candidate on whom two people have to agree."""
        desk = self.world.engine.desk
        self.world.engine.flags.link(self.searcher, self.people[1], by=self.ann)
        for name, seed in (("search_nobody", 90), ("search_two", 2), ("search", 1)):
            request = Request(self.shop, DELIVERY, _BASIS, self.searcher, case="Order 2026-118")
            self.ids[name] = desk.search(png(photo(face(seed, 999))), request).search.id

    def _clients(self) -> None:
        """A client in force, a change of it and a new one that wait, one suspended, and flags, one of them settled."""
        vetting, flags = self.world.engine.vetting, self.world.engine.flags
        today = self.world.clock.now().date()
        terms = Terms(
            name="Lakeside Archive",
            kind=ClientKind.ARCHIVE,
            purposes=(Purpose.ARCHIVE_SEARCH,),
            contact="Hal Example, hal@lakeside.example",
            contract="L/2026/4",
            contract_on=today - timedelta(days=30),
            contract_until=today + timedelta(days=20),
            place="US-IL",
            quota=Quota(100, 500, 50),
            hours=Hours.parse("1-5 08:00-18:00"),
        )
        vetted = vetting.confirm(vetting.propose(terms, by=self.ann).id, by=self.bea).client.id
        wider = {"quota": Quota(200, 500), "contract_until": today + timedelta(days=300)}
        self.ids["client"], self.ids["change"] = self.shop, vetting.amend(vetted, wider, by=self.bea).id
        self.ids["client_vetted"] = vetted
        self.ids["change_new"] = vetting.propose(replace(terms, name="Hill Museum"), by=self.ann).id
        vetting.suspend(self.museum, reason="The contract was not renewed.", by=self.ann)
        for seed in (2, 2):
            request = Request(self.shop, DELIVERY, _BASIS, self.searcher, case="Order 2026-119")
            self.world.engine.desk.search(png(photo(face(seed, 998))), request)
        flags.settle(flags.everyone()[-1].id, by=self.ann, note="A test of the desk, as announced.")

    def _signings(self) -> None:
        """A signing at each of its steps, of somebody who is of age and of a child."""
        for step in ("about", "read", "picture", "done", "refused", "waiting"):
            self._signing(step)
        for step in ("about", "read", "picture"):
            self._signing(step, minor=True)

    def _signing(self, step: str, *, minor: bool = False) -> None:
        signings, name = self.world.engine.signings, f"sign_{'child_' if minor else ''}{step}"
        age = {"age_band": AgeBand.MINOR, "representative": "Cy Example"} if minor else {}
        person = self.world.engine.subjects.add("Kim Example", residency=["US-IL"], **age).id  # type: ignore[arg-type]
        offer = Offer(
            frozenset({DELIVERY, Purpose.ARCHIVE_SEARCH}),
            frozenset({self.shop}),
            frozenset({ClientKind.MUSEUM}),
            300,
        )
        made = signings.start(person, offer, source=self.gala, by=self.operator, invitation=step == "waiting")
        self.ids[name] = made.token
        if step == "refused":
            signings.refuse(made.token)
        if step not in ("read", "picture", "done"):
            return
        draft = signings.choose(made.token, purposes=frozenset({DELIVERY}), clients=frozenset({self.shop}))
        if step == "read":
            return
        signer = Act("Cy Example" if minor else "Kim Example", agreed=frozenset(draft.separate))
        signings.sign(
            made.token, canonical.digest(draft.text), replace(signer, relation=Relation.PARENT) if minor else signer
        )
        if step == "done":
            signings.picture(made.token, png(photo(face(61))))

    def _custody(self) -> None:
        engine, people = self.world.engine, self.people
        self._orders()
        hold = engine.custody.holds.place(people[3], basis=HoldBasis.WARRANT, matter="26 SW 0117", by=self.ann)
        self.ids["hold"] = hold.hold.id
        ended = engine.custody.holds.place(people[4], basis=HoldBasis.SUBPOENA, matter="26 SP 0009", by=self.bea).hold
        engine.custody.holds.lift(ended.id, by=self.bea)
        asked = engine.requests.open(people[5], RequestKind.ACCESS, verified_by=VerifiedBy.DOCUMENT)
        self.ids["request"] = asked.id
        erase = engine.requests.open(people[6], RequestKind.ERASE, verified_by=VerifiedBy.ACCOUNT)
        self.ids["request_erase"] = erase.id
        closed = engine.requests.open(people[5], RequestKind.OBJECT, verified_by=VerifiedBy.ACCOUNT)
        engine.requests.close(closed.id, reason="withdrawn by the person")
        fix = engine.requests.open(people[5], RequestKind.CORRECT, verified_by=VerifiedBy.ACCOUNT)
        self.ids["request_correct"] = fix.id
        engine.breaches.close(engine.breaches.report([Exposed.LOG]).id, note="the disk was found")
        self.ids["breach"] = engine.breaches.report([Exposed.RECORDS, Exposed.KEYRING]).id
        self.ids["day"] = engine.retention.status().next[0].at.date().isoformat()

    def _law(self) -> None:
        """A law file that was declared, and a change that waits; before any notice, which a change would outdate."""
        packs = self.world.engine.packs
        pack = next(one.pack.id for one in packs.everyone() if not one.in_use)
        packs.declare(pack, by=self.ann)
        packs.drop(pack, by=self.bea)
        self.ids["pack"] = "us-il-bipa"

    def _orders(self) -> None:
        """Orders at each stage, two that conflict, and one that was executed, with its certificate."""
        engine = self.world.engine
        engine.recipients.declare("Northern Hosting Ltd")
        who = [
            self.world.person(name, "US-IL").id
            for name in ("Hal Stone", "Ivy Brandt", "Jo Weiss", "Lou Adler", "Max Roth")
        ]
        for number, subject in enumerate(who, start=71):
            self.world.sign(subject)
            self.world.enrol(self.gala, subject, number)
        self.ids["order_draft"] = self._order(who[0], "26 CH 0101", upto="draft")
        self.ids["order_confirmed"] = self._order(who[0], "26 CH 0102", upto="confirmed")
        self.ids["order"] = self._order(who[1], "26 CH 0103")
        self.ids["run_waits"] = engine.run_jobs.execute(self.ids["order"], by=self.ann).finished.run.id  # type: ignore[arg-type]
        yours = self._order(who[4], "26 CH 0107")
        self.ids["run_yours"] = engine.run_jobs.execute(yours, by=self.bea).finished.run.id  # type: ignore[arg-type]
        self._order(who[2], "26 CH 0104", "settlement", ["destroy"])
        self._order(who[2], "26 CH 0105", "settlement", ["retain"])
        self.ids["conflict"] = engine.custody.conflicts.everything()[0].id
        executed = self.ids["order_done"] = self._order(who[3], "26 CH 0106", "injunction", ["destroy", "report"])
        for by in (self.ann, self.bea):
            done = engine.custody.runs.execute(executed, by=by)  # type: ignore[arg-type]
        self.ids["run"], self.ids["certificate"] = done.run.id, str(done.certificate)
        evidence = engine.evidence.find(who[3])
        engine.evidence.ask(evidence, by=self.bea, why="claim 7 of the settlement")
        self.ids["evidence"] = evidence

    def _order(
        self,
        who: SubjectId,
        matter: str,
        kind: str = "injunction",
        verbs: list[str] | None = None,
        upto: str = "frozen",
    ) -> str:
        orders = self.world.engine.custody.orders
        text = order_toml(
            f'subjects = ["{who}"]',
            of="person",
            kind=kind,
            matter=matter,
            verbs=verbs or ["stop_collect", "stop_search", "destroy"],
        )
        order = orders.enter(uploaded(text.encode(), "order.toml", None), by=self.bea).id
        if upto != "draft":
            orders.confirm(order, by=self.ann)
        if upto == "frozen":
            orders.freeze(order)
        return order

    def _own(self) -> None:
        """A private link that opens a view, and one that leads to a certificate."""
        engine, (ada, *_), eve = self.world.engine, self.people, self.people[4]
        self.ids["subject"] = ada
        self.ids["release"] = engine.own.show(ada).holdings.releases[0][0].id
        self.ids["link_gone"] = engine.own.link(eve)
        self.world.destroy(eve)
        self.ids["link"] = engine.own.link(self.people[1])
        engine.own.ask(ada, RequestKind.CORRECT, "My name is spelt Ada Exampel.")
